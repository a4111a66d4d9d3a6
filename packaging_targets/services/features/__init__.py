"""Dev Container Features as folders on disk, without a workspace: packing them, and looking into archives.

    folder ──find──▶ sources ──list──▶ listings ──check──▶ features ──pack──▶ staging folder ──receive──▶ output folder

The checks and the bytes are those of the rules: both come from `packaging_targets.formats`.
"""
