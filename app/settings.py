"""Settings come from the environment (`MIRADA_…`) and are read by the entry points only."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

OSM_URL = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
OSM_ATTRIBUTION = '© <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a>'


class Settings(BaseSettings):
    """Everything that differs between one installation and the next."""

    model_config = SettingsConfigDict(env_prefix="MIRADA_")

    database_url: SecretStr | None = Field(
        default=None, description="Any PostGIS from 3.1 on; without it a private one is started"
    )
    data_dir: Path = Field(default=Path(".mirada"), description="Photos, releases, private PostGIS")
    photo_store: str | None = Field(
        default=None,
        min_length=1,
        description="A folder or any fsspec URL, such as s3://bucket/prefix; photos/ in data_dir",
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    city_name: str = Field(default="Santiago", description="The name in the map's sentence")
    basemap_url: str = Field(default=OSM_URL, description="XYZ raster tiles; empty for none")
    basemap_file: Path | None = Field(
        default=None, description="A PMTiles file in place of the XYZ tiles; empty for none"
    )
    basemap_attribution: str | None = Field(
        default=None, description="OpenStreetMap's, or what a PMTiles file says of itself"
    )
    statement_timeout_ms: int = Field(default=30_000, ge=100)
    tile_timeout_ms: int = Field(default=5_000, ge=100)
    pool_size: int = Field(default=10, ge=1)
    tile_pool_size: int = Field(default=4, ge=1)
    tile_cache_mb: int = Field(
        default=64, ge=0, description="Drawn tiles kept in a web process's memory; 0 for none"
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks whose X-Forwarded-For and -Proto are believed",
    )
    cookie_secure: Literal["auto", "always", "never"] = Field(
        default="auto", description="auto: a cookie asks for TLS unless the host is this machine"
    )

    @field_validator("basemap_file", mode="before")
    @classmethod
    def _empty_for_none(cls, given: object) -> object:
        """As for the URL: a compose file passes on as empty what is not set."""
        return given or None

    @property
    def photo_dir(self) -> Path:
        """The photo store unless another one is set."""
        return self.data_dir / "photos"

    @property
    def photo_location(self) -> str:
        """Where originals and derived images lie; keys in `photo.storage_key` are below it."""
        return self.photo_store or str(self.photo_dir)

    @property
    def release_dir(self) -> Path:
        """Where the folders of registered releases lie, one a release name."""
        return self.data_dir / "releases"

    @property
    def trained_dir(self) -> Path:
        """Where release folders wait for an admin to register them from the pages or the API."""
        return self.data_dir / "trained"
