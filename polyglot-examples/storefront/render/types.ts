/** The shapes of `acme:shop/pages`, as the generated bindings declare them. */
export type { Page, Product, Theme, Visitor } from "./.mosaic/bindings/render.d.ts";
