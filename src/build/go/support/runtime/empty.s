// Lets this package declare functions whose bodies the linker or the host provides.
