/** What controllers ask Nest for. */
export const API = Symbol('ApiDependencies');
/** () => Reference: the catalogue of the moment, indexed. */
export const REFERENCE = Symbol('Reference');
