"""Downloads from servers of this machine, some of which behave badly."""

import contextlib
import hashlib
import http.server
import os
import pathlib
import socket
import threading

import numpy as np
import pytest

from dlkit.data import downloads, transfer

CONTENT = np.random.default_rng(0).bytes(1_000_000)
HASH = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Plain(http.server.BaseHTTPRequestHandler):
    """Serves `content`, whole, and keeps what was asked for."""

    content = CONTENT
    cut = 0  # bytes after which an answer breaks off; 0 never
    ranges = False  # whether it knows them
    broken = 0  # requests that it answers by `status` first
    status = 503

    def do_GET(self):
        self.server.asked.append(self.headers.get("Range"))
        if len(self.server.asked) <= self.broken:
            return self.send_error(self.status)
        begin = 0
        if self.ranges and (wanted := self.headers.get("Range")):
            begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(self.content):
                return self.send_error(416)
        rest = self.content[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(rest)))
        if begin:
            whole = len(self.content)
            self.send_header("Content-Range", f"bytes {begin}-{whole - 1}/{whole}")
        self.end_headers()
        self.wfile.write(rest[: self.cut] if self.cut else rest)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    """`serve(ranges=True, cut=1000)` starts a server and gives its address and what was asked."""
    servers = []

    def start(**behaviour):
        handler = type("Handler", (Plain,), behaviour)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.asked = []
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/file", server.asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "PAUSE", 0)
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "home"


def fetch(url, hash=HASH, **options):
    return downloads.fetch(url, "file.bin", hash, folder="datasets", **options)


def partial(home):
    return home / "datasets" / "file.bin.part"


@pytest.mark.parametrize("form", ["sha256", "md5", "sha256-8"])
def test_a_file_is_fetched_once(serve, home, form, capfd):
    url, asked = serve()
    digits = getattr(hashlib, form.partition("-")[0])(CONTENT).hexdigest()
    hash = f"{form}:{digits[:8] if form == 'sha256-8' else digits}"
    path = fetch(url, hash)
    assert path == home / "datasets" / "file.bin" and path.read_bytes() == CONTENT
    assert fetch(url, hash) == path and asked == [None]
    assert not partial(home).exists()
    captured = capfd.readouterr()
    assert "file.bin: 100%" in captured.err and captured.out == ""


def test_a_file_address(tmp_path, home):
    (tmp_path / "source").write_bytes(CONTENT)
    assert fetch((tmp_path / "source").as_uri()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "hash", ["", "sha256:", "sha1:" + 40 * "0", "md5:" + 64 * "0", "sha256:" + 64 * "X", HASH[7:]]
)
def test_no_hash_no_download(serve, hash):
    url, asked = serve()
    with pytest.raises(ValueError, match="is no hash"):
        fetch(url, hash)
    assert asked == []


@pytest.mark.parametrize("name", ["../x", "..", "a/b", "/x", ""])
def test_the_name_is_no_path(name):
    with pytest.raises(ValueError, match="is no name of a file"):
        downloads.fetch("http://127.0.0.1/x", name, HASH, folder="datasets")


def test_other_bytes_than_were_published_are_refused(serve, home):
    url, asked = serve(content=b"something else")
    with pytest.raises(downloads.DownloadError, match="gives another file than was published"):
        fetch(url)
    assert not (home / "datasets" / "file.bin").exists()
    assert partial(home).read_bytes() == b"" and asked == [None]


def test_a_cut_is_taken_up_where_it_was(serve, home):
    url, asked = serve(ranges=True, cut=400_000)
    assert fetch(url).read_bytes() == CONTENT
    assert asked == [None, "bytes=400000-", "bytes=800000-"]


def test_a_later_process_goes_on(serve, home):
    url, asked = serve(ranges=True)
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(CONTENT[:300_000])
    assert fetch(url).read_bytes() == CONTENT
    assert asked == ["bytes=300000-"]


def test_what_had_come_whole_is_not_fetched_again(serve, home):
    url, asked = serve(ranges=True)
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(CONTENT)
    assert fetch(url).read_bytes() == CONTENT
    assert asked == []


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("had", [300_000, 1_000_000, 1_500_000])
def test_a_part_of_another_file_is_thrown_away(serve, home, ranges, had):
    url, _ = serve(ranges=ranges)
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(bytes(had))
    assert fetch(url).read_bytes() == CONTENT


def test_a_server_without_ranges_begins_anew(serve, home):
    url, asked = serve()
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(CONTENT[:300_000])
    assert fetch(url).read_bytes() == CONTENT
    assert asked == ["bytes=300000-"]


def test_a_server_that_always_cuts_at_the_same_byte(serve, home):
    url, asked = serve(cut=400_000)
    with pytest.raises(downloads.DownloadError) as caught:
        fetch(url)
    assert "the connection was cut at 400,000 of 1,000,000 bytes" in caught.value.message
    assert "400,000 bytes are kept" in caught.value.message
    assert partial(home).read_bytes() == CONTENT[:400_000]
    assert len(asked) == 1 + transfer.FRUITLESS


def test_a_server_that_is_busy_is_asked_again(serve, home):
    url, asked = serve(broken=1)
    assert fetch(url).read_bytes() == CONTENT
    assert len(asked) == 2


def test_a_file_that_is_not_there_is_not_asked_for_again(serve, home):
    url, asked = serve(broken=9, status=404)
    with pytest.raises(downloads.DownloadError, match="the server answers 404 Not Found"):
        fetch(url)
    assert len(asked) == 1


def test_no_more_is_taken_than_was_published(serve, home):
    url, _ = serve()
    with pytest.raises(downloads.DownloadError, match="has 1,000,000 bytes, and 999,999 are exp"):
        fetch(url, size=999_999)
    assert fetch(url, size=1_000_000).read_bytes() == CONTENT


def test_a_server_that_never_ends(tmp_path):
    """It tells no length; what comes is counted."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(1000)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            while True:
                connection.sendall(bytes(100_000))

    threading.Thread(target=answer, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    with pytest.raises(downloads.DownloadError, match="more than 500,000 bytes come"):
        fetch(url, size=500_000)
    listener.close()


def test_a_silent_server_is_given_up(monkeypatch):
    monkeypatch.setattr(transfer, "SILENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        with pytest.raises(downloads.DownloadError, match="timed out"):
            fetch(url)


def test_a_full_disk_is_told_before(serve, home, monkeypatch):
    url, _ = serve()
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(downloads.DownloadError, match="1,000,000 bytes are missing, and the disk"):
        fetch(url)


def test_without_a_network_the_message_says_where_to_put_the_file(home):
    with pytest.raises(downloads.DownloadError) as caught:
        fetch("http://127.0.0.1:9/file")
    assert "file.bin is not on this machine and could not be fetched" in caught.value.message
    assert "From: http://127.0.0.1:9/file" in caught.value.message
    place = home / "datasets" / "file.bin"
    assert caught.value.message.endswith(f"save that file as {place}")
    place.write_bytes(CONTENT)
    assert fetch("http://127.0.0.1:9/file") == place


@pytest.mark.parametrize("cache", ["home", "keras"])
def test_what_is_in_either_cache_needs_no_network(tmp_path, cache):
    place = tmp_path / cache / "datasets" / "file.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert fetch("http://127.0.0.1:9/file") == place


def test_without_dlkit_home_the_cache_is_keras_own(serve, tmp_path, monkeypatch):
    monkeypatch.delenv("DLKIT_HOME")
    url, _ = serve()
    assert fetch(url) == tmp_path / "keras" / "datasets" / "file.bin"
    monkeypatch.delenv("KERAS_HOME")
    assert downloads.homes() == [pathlib.Path.home() / ".keras"]


def test_a_damaged_file_in_the_cache_is_replaced(serve, home, caplog):
    place = home / "datasets" / "file.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[:-1])
    with pytest.raises(downloads.DownloadError):
        fetch("http://127.0.0.1:9/file")
    assert "is not the file that was published" in caplog.text and place.exists()
    url, _ = serve()
    assert fetch(url).read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, serve):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "file"))
    url, _ = serve()
    with pytest.raises(downloads.DownloadError, match="cannot be used") as caught:
        fetch(url)
    assert "export DLKIT_HOME" in caught.value.fix


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "data:,x", "/etc/passwd", "x"])
def test_addresses_of_other_kinds(url):
    with pytest.raises(downloads.DownloadError, match="is no address that is read"):
        fetch(url)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such lock")
def test_who_fetches_the_same_file_waits(serve, home):
    url, asked = serve(ranges=True, cut=300_000)
    threads = [threading.Thread(target=fetch, args=(url,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (home / "datasets" / "file.bin").read_bytes() == CONTENT
    assert len(asked) == 4  # 300,000 bytes each, and none of them twice
