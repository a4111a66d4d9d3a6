"""`aam`: one parser, a module for each class of verbs, and how their results look."""
