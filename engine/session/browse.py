"""Browse over a library: artists by genre and decade, in the order they fit the person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.canonical_keys import artist_key, joined_key
from engine.session.library import Change, Library, Service, synchronized
from engine.store.music_files import tracks_by_decade

if TYPE_CHECKING:
    from engine.recommend.browse import BrowseList, Browser, BrowseTree, Only, Sections
    from engine.recommend.discover import Recommender
    from engine.recommend.settings import DiscoverSettings
    from engine.session.discover import Discover
    from engine.training.artifact import Model


class Browse(Service):
    """Caches the model's sections while it is open, the person's data until the library changes."""

    def __init__(self, library: Library, discover: Discover) -> None:
        super().__init__(library)
        self._discover = discover
        self._sections: tuple[Model, Sections] | None = None
        # With the decades of the person's own files.
        self._own: Sections | None = None
        self._browser: tuple[Recommender, Browser] | None = None

    def drop_cache(self, change: Change, /) -> None:
        """Everything but the model's sections depends on the person."""
        self._own = self._browser = None
        if change is Change.EVERYTHING:
            self._sections = None

    @synchronized
    def tree(self, settings: DiscoverSettings | None = None) -> BrowseTree:
        """The genres, or without any groups of artists, and the decades.

        An artist is in those of its tags and of the person's files. Raises NothingYetError saying what is missing:
        listens, or a model.
        """
        browser, settings = self._for(settings)
        return browser.tree(settings.query().known)

    @synchronized
    def list(
        self, name: str, settings: DiscoverSettings | None = None, only: Only | None = None
    ) -> BrowseList:
        """The first artists of a genre, decade or group, in Discover's order of today; with `only` new or known ones.

        Uses the settings for what is known, half-life, popularity and length. Raises UnknownNameError with the nearest
        names, NothingYetError saying what is missing.
        """
        browser, settings = self._for(settings)
        return browser.list(name, settings, only)

    @synchronized
    def section_of(self, names: Sequence[str], artist: str, settings: DiscoverSettings | None = None) -> str:
        """The section of the first of these names that exists, else the smallest genre, or group, with the artist, else
        all artists.

        Raises NothingYetError saying what is missing.
        """
        return self._for(settings)[0].section_of(names, artist_key(artist))

    def _for(self, settings: DiscoverSettings | None) -> tuple[Browser, DiscoverSettings]:
        from engine.recommend.browse import Browser, Sections
        from engine.recommend.settings import DEFAULTS

        recommender, settings = self._discover.in_force(settings or DEFAULTS)
        if self._browser is None or self._browser[0] is not recommender:
            if self._sections is None or self._sections[0] is not recommender.model:
                self._sections, self._own = (recommender.model, Sections.of(recommender.model)), None
            if self._own is None:
                self._own = self._sections[1].with_decades(self._decades(recommender.model))
            self._browser = (recommender, Browser(self._own, recommender))
        return self._browser[1], settings

    def _decades(self, model: Model) -> dict[str, set[int]]:
        """The model's artists by the decades ("1980s") the person's files of them are from."""
        from engine.playlists.offer import unwanted_tracks

        connection = self.library.connection
        tracks = tracks_by_decade(connection)
        if not tracks:
            return {}
        unwanted = unwanted_tracks(connection)
        wanted = {
            (decade, artist)
            for decade, artist, title in tracks
            if not unwanted.holds(joined_key(artist, title))
        }
        ids = model.catalog.ids_of(sorted({artist for _, artist in wanted}))
        found: dict[str, set[int]] = {}
        for decade, artist in wanted:
            if artist in ids:
                found.setdefault(f"{decade}s", set()).add(ids[artist])
        return found
