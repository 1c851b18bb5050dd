// `{{name}}` implements the interface `{{name}}-api`.
export const {{lower}}Api = {
  greet(name) {
    return `Hello, ${name}, from {{name}}!`;
  },
};
