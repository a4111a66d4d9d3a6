"""Agent packages as UAAPS has them (docs/uaaps): names, manifests, archives, bundles, documents of registries."""
