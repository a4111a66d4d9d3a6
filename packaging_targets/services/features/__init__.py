"""Dev Container Features as folders on disk, without a workspace: packing them, and looking into archives.

    target ──find──▶ listings ──check──▶ features ──pack──▶ staging folder ──place──▶ output folder

The checks and the bytes are those of the rules: both come from `packaging_targets.formats`.
"""
