"""The asset packer: a workspace of assets, its registry, and `build/assets.pa`.

Services come in classes that callers can tell apart by where they stand:

    reading        changes nothing: list, show, doctor, summary, previews
    registering    changes the registry, and a new asset.json: init, register, adopt, forget, include, exclude
    rearranging    moves or deletes files: remove, quarantine, restore, gc; each is previewed before it is applied
    building       makes what is under `build/`, and nothing else

The packer owns `assets/` and its outputs, and stops there: it reads nothing under `src/`, and copies nothing to where
cartridges are made.
"""
