"""What people are told of errors: no passwords."""

from pathlib import Path

import pytest

from lab.engines.protocol import Job, TrialError
from lab.runs.errors import StepError, in_words, without_password
from tests.make_data import make_recipe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:S3cret@h/db", "postgresql://h/db"),
        ("http://u:S3cret@h:5000/", "http://h:5000/"),
        ("http://S3cret@h:5000/a@b", "http://h:5000/a@b"),
        ("mysql+pymysql://u:S3c@ret@h/db", "mysql+pymysql://h/db"),
        ("postgresql://u:S3c/ret@h/db", "postgresql://h/db"),
        ("postgresql://u:S3c#r?et@h/db", "postgresql://h/db"),
        ("x://u:S3cret@h and y://u:S3cret@g", "x://h and y://g"),
        ("('x://u:S3cret@h', 'a@b')", "('x://h', 'a@b')"),
        ("postgresql://h/db?user=u&password=S3cret&a=b", "...?user=u&password=***&a=b"),
        (
            "https://h/x.npz?X-Amz-Signature=S3cret",
            "https://h/x.npz?X-Amz-Signature=***",
        ),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3DS3cret%3BX%3D1",
            "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D***%3BX%3D1",
        ),
        ("http://h:5000/users/me@h", "http://h:5000/users/me@h"),
        ("http://h:5000 me@h", "http://h:5000 me@h"),
        ("file:///a/b@c", "file:///a/b@c"),
        ("file://C:/a/b@c", "file://C:/a/b@c"),
        ("sqlite:////a/mlflow.db", "sqlite:////a/mlflow.db"),
        ("git@host:me/project.git", "git@host:me/project.git"),
    ],
)
def test_passwords_in_addresses_are_not_shown(text, shown):
    shown = shown.replace("...", text.partition("?")[0])
    assert without_password(text) == shown


@pytest.mark.parametrize("kind", [ValueError, StepError, KeyError, RuntimeError])
def test_no_error_shows_a_password(kind):
    address = "postgresql://u:S3cret@h/db"
    assert "S3cret" not in in_words(kind(address))
    assert "S3cret" not in in_words(TrialError(Job(make_recipe(), 1, Path()), address))
