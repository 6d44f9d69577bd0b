// Views are recorded by edge, which brings its own implementation of this module: there is nothing to run here.
throw new Error(
  "@facet/sdk has no implementation outside edge: views are recorded by `edge check`, `edge dev` and `edge publish`, tests run by `edge test`",
);
