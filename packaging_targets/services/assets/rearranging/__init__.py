"""What moves or deletes files of assets: previewed first, applied then, whole or not at all."""
