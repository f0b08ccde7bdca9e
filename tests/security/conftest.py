"""One compiled library for all tests that watch sockets."""

import pytest

from tests.security.watching import SocketWatch


@pytest.fixture(scope="session")
def socket_watch(tmp_path_factory: pytest.TempPathFactory) -> SocketWatch:
    """The watch; its record is shared, so forget it first."""
    try:
        return SocketWatch(tmp_path_factory.mktemp("watch"))
    except FileNotFoundError as error:
        pytest.skip(str(error))
