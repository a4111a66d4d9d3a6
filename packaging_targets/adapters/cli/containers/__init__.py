"""The programs `ctl-packaging` and `ctl-pack`, and the same verbs of `packaging`."""
