"""The verbs of `ctl-packaging`: the containers of a repository, and what people do with them."""
