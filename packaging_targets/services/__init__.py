"""One verb a module: a request in, a result out, no printing."""
