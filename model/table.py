"""Tables of text as others publish them: CSV or TSV, with a header, in UTF-8."""

from pathlib import Path

import pandas as pd

from model.errors import VotesError


def read(path: Path, what: str) -> pd.DataFrame:
    """All columns as text, empty where nothing stands; tabs part them where the header has one.

    what: of what it is a file, for the VotesError that says why it cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig") as opened:
            delimiter = "\t" if "\t" in opened.readline() else ","
        return pd.read_csv(
            path, sep=delimiter, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except FileNotFoundError:
        raise VotesError(f"There is no file of {what} {path}.") from None
    except IsADirectoryError:
        raise VotesError(f"{path} is a folder; name the file of {what} in it.") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise VotesError(f"{path} cannot be read as a table in UTF-8: {error}.") from None
