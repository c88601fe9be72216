"""Static files under names with their digest, whose addresses are looked up once."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's own. The manifest of a process never changes, and a page names seventy files."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.addresses: dict[str, str] = {}

    def url(self, name, force=False):
        """The address of a static file. Raises ValueError for one that was not collected."""
        if force:
            return super().url(name, force)
        if name not in self.addresses:
            self.addresses[name] = super().url(name)
        return self.addresses[name]
