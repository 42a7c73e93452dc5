import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

from bot.sources.fetching import FetchLimits, Page, fetch_page, open_session
from bot.sources.port import Faulty, SourceFault, Unchanged, Validators
from tests.sources.hostile import HostileSite, break_off, drip, hang_up, pour

SMALL = FetchLimits(most_bytes=100_000)


async def fetch(session: aiohttp.ClientSession, url: str, **given: Validators) -> Page | Unchanged | Faulty:
    return await fetch_page(session, url, validators=given.get("validators"), limits=SMALL)


async def fetch_fault(session: aiohttp.ClientSession, url: str) -> SourceFault:
    answer = await fetch(session, url)
    assert isinstance(answer, Faulty)
    assert answer.detail
    assert "\n" not in answer.detail
    return answer.fault


async def test_a_page_comes_with_its_validators_and_its_address(
    session: aiohttp.ClientSession, site: HostileSite
) -> None:
    site.says("/feed", "сәлем", ETag='W/"abc"', Last_Modified="Sun, 01 Mar 2026 10:00:00 GMT")
    site.redirects("/old", "/feed")
    assert await fetch(session, site.at("/old")) == Page(
        body="сәлем".encode(),
        content_type="application/rss+xml; charset=UTF-8",
        url=site.at("/feed"),
        validators=Validators('"abc"', "Sun, 01 Mar 2026 10:00:00 GMT"),
    )


@pytest.mark.parametrize(
    ("etag", "kept"),
    [
        ('"abc"', '"abc"'),
        ('W/"abc"', '"abc"'),
        ('"abc-gzip"', '"abc"'),
        ('W/"abc;gzip"', '"abc"'),
        ("abc", None),
        ('""', None),
        ('"a"b"', None),
    ],
)
async def test_an_etag_is_kept_as_the_site_itself_knows_it(
    session: aiohttp.ClientSession, site: HostileSite, etag: str, kept: str | None
) -> None:
    site.says("/feed", "x", ETag=etag)
    answer = await fetch(session, site.at("/feed"))
    assert isinstance(answer, Page)
    assert answer.validators.etag == kept


@pytest.mark.parametrize(
    ("validators", "sent"),
    [
        (Validators('"abc"', "Sun, 01 Mar 2026 10:00:00 GMT"), {"If-None-Match": '"abc"'}),
        (Validators(None, "Sun, 01 Mar 2026 10:00:00 GMT"), {"If-Modified-Since": "Sun, 01 Mar 2026 10:00:00 GMT"}),
    ],
)
async def test_only_one_condition_is_sent(
    session: aiohttp.ClientSession, site: HostileSite, validators: Validators, sent: dict[str, str]
) -> None:
    site.says("/feed", b"", status=304)
    assert await fetch(session, site.at("/feed"), validators=validators) == Unchanged()
    conditions = {name: value for name, value in site.asked[0].headers.items() if name.startswith("If-")}
    assert conditions == sent


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Sun, 01 Mar 2026 10:00:00 GMT", Validators()),
        ("Sun, 01 Mar 2026 10:00:05 GMT", Validators()),
        ("Sun, 01 Mar 2026 09:59:59 GMT", Validators()),
        ("Sun, 01 Mar 2026 10:00:06 GMT", Validators('"1"', "Sun, 01 Mar 2026 10:00:00 GMT")),
        ("at some time", Validators('"1"', "Sun, 01 Mar 2026 10:00:00 GMT")),
    ],
)
async def test_a_page_changed_just_now_is_read_again_whatever_its_marks(
    session: aiohttp.ClientSession, site: HostileSite, date: str, expected: Validators
) -> None:
    site.says("/feed", "x", Date=date, ETag='"1"', Last_Modified="Sun, 01 Mar 2026 10:00:00 GMT")
    page = await fetch(session, site.at("/feed"))
    assert isinstance(page, Page)
    assert page.validators == expected


async def test_unchanged_without_having_asked_is_a_fault(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.says("/feed", b"", status=304)
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.HTTP_ERROR


async def test_we_say_who_we_are_and_keep_no_cookies(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.says("/feed", "x", Set_Cookie="id=1; Path=/")
    for _ in range(2):
        await fetch(session, site.at("/feed", host="localhost"))
    assert site.asked[1].headers["User-Agent"] == "Dauys/test (+https://example.org)"
    assert "Cookie" not in site.asked[1].headers


@pytest.mark.parametrize("status", [204, 206, 400, 401, 403, 404, 410, 500, 503])
async def test_any_other_status_is_an_http_error(
    session: aiohttp.ClientSession, site: HostileSite, status: int
) -> None:
    site.says("/feed", b"" if status == 204 else b"x", status=status)
    assert await fetch(session, site.at("/feed")) == Faulty(SourceFault.HTTP_ERROR, f"HTTP {status}")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry_After": "120"}, 120.0),
        ({"Retry_After": "Sun, 01 Mar 2026 10:05:00 GMT", "Date": "Sun, 01 Mar 2026 10:00:00 GMT"}, 300.0),
        ({"Retry_After": "Sun, 01 Mar 2026 09:00:00 GMT", "Date": "Sun, 01 Mar 2026 10:00:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "9" * 400}, 999999999.0),
        ({}, None),
    ],
)
async def test_retry_after_is_passed_on_in_seconds(
    session: aiohttp.ClientSession, site: HostileSite, headers: dict[str, str], expected: float | None
) -> None:
    site.says("/feed", "slow down", status=429, **headers)
    assert await fetch(session, site.at("/feed")) == Faulty(SourceFault.HTTP_ERROR, "HTTP 429", expected)


async def test_a_dripping_server_is_given_up(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.answers["/feed"] = drip
    answer = await fetch_page(session, site.at("/feed"), limits=FetchLimits(total_s=0.3))
    assert answer == Faulty(SourceFault.TIMED_OUT, "no whole answer within 0.3 s")


async def test_an_endless_answer_is_cut_off(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.answers["/feed"] = pour
    answer = await fetch_page(session, site.at("/feed"), limits=FetchLimits(total_s=20, most_bytes=1_000_000))
    assert answer == Faulty(SourceFault.TOO_LARGE, "more than 1000000 bytes")


def pack_bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


PACKERS = pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", pack_bare)]
)


@PACKERS
async def test_a_packed_page_is_unpacked(
    session: aiohttp.ClientSession, site: HostileSite, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    site.says("/feed", pack(b"\xd0\xb0" * 40_000), Content_Encoding=encoding)
    answer = await fetch(session, site.at("/feed"))
    assert isinstance(answer, Page)
    assert (answer.body, answer.is_whole) == (b"\xd0\xb0" * 40_000, True)


@PACKERS
async def test_a_bomb_is_refused_before_it_unfolds(
    session: aiohttp.ClientSession, site: HostileSite, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    site.says("/feed", pack(b" " * 50_000_000), Content_Encoding=encoding)
    tracemalloc.start()
    try:
        assert await fetch_fault(session, site.at("/feed")) is SourceFault.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


async def test_a_packed_page_that_never_unfolds_is_cut_off(session: aiohttp.ClientSession, site: HostileSite) -> None:
    endless_name = b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 200_000
    site.says("/feed", endless_name, Content_Encoding="gzip")
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.TOO_LARGE


async def test_a_bomb_of_many_members_is_refused(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.says("/feed", gzip.compress(b" " * 30_000) * 5, Content_Encoding="gzip")
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.TOO_LARGE


async def test_a_packed_page_that_breaks_off_is_not_whole(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.says("/feed", gzip.compress(bytes(range(256)) * 100)[:-200], Content_Encoding="gzip")
    answer = await fetch(session, site.at("/feed"))
    assert isinstance(answer, Page)
    assert not answer.is_whole


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
async def test_a_page_packed_otherwise_than_it_says_is_no_feed(
    session: aiohttp.ClientSession, site: HostileSite, encoding: str
) -> None:
    site.says("/feed", b"\xff\xfenot packed", Content_Encoding=encoding)
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.NOT_A_FEED


async def test_an_answer_that_breaks_off_is_kept_as_far_as_it_came(
    session: aiohttp.ClientSession, site: HostileSite
) -> None:
    site.answers["/feed"] = break_off(b"half", promised=100)
    answer = await fetch(session, site.at("/feed"))
    assert isinstance(answer, Page)
    assert (answer.body, answer.is_whole) == (b"half", False)


async def test_a_reset_is_unreachable(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.answers["/feed"] = hang_up
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.UNREACHABLE


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/feed", "http://nowhere.invalid/", "http://[", "http://", "ftp://a.kz/"]
)
async def test_nobody_there_is_unreachable(session: aiohttp.ClientSession, url: str) -> None:
    assert await fetch_fault(session, url) is SourceFault.UNREACHABLE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_three_redirects_are_followed(session: aiohttp.ClientSession, site: HostileSite, status: int) -> None:
    site.says("/3", "here")
    for step in range(3):
        site.redirects(f"/{step}", f"/{step + 1}", status=status)
    answer = await fetch(session, site.at("/0"))
    assert isinstance(answer, Page)
    assert answer.url == site.at("/3")


async def test_a_ring_of_redirects_is_left(session: aiohttp.ClientSession, site: HostileSite) -> None:
    site.redirects("/feed", "/feed")
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.TOO_MANY_REDIRECTS
    assert len(site.asked) == 4


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://site.kz/", "javascript:1", "http://[::bad"])
async def test_a_redirect_out_of_the_web_is_refused(session: aiohttp.ClientSession, site: HostileSite, to: str) -> None:
    site.redirects("/feed", to)
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.UNREACHABLE


class _Everything(ThreadedResolver):
    """Stands for public DNS: every name leads to this machine."""

    async def resolve(
        self,
        host: str,  # noqa: ARG002  # aiohttp gives it by position
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        return await super().resolve("127.0.0.1", port, family)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"],
)
async def test_a_public_site_cannot_send_us_inside(site: HostileSite, host: str) -> None:
    site.redirects("/feed", f"http://{host}:{site.port}/secret")
    site.says("/secret", "secret")
    connector = aiohttp.TCPConnector(resolver=_Everything())
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        assert await fetch_fault(session, site.at("/feed", host="news.example")) is SourceFault.UNREACHABLE
    assert [request.path for request in site.asked] == ["/feed"]


async def test_a_public_site_may_redirect_within_itself_and_the_operators_own_is_his_affair(site: HostileSite) -> None:
    site.redirects("/feed", "/new")
    site.says("/new", "x")
    connector = aiohttp.TCPConnector(resolver=_Everything())
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        assert isinstance(await fetch(session, site.at("/feed", host="news.example")), Page)


async def test_a_site_on_this_machine_may_redirect_on_this_machine(
    session: aiohttp.ClientSession, site: HostileSite
) -> None:
    site.redirects("/feed", f"http://localhost:{site.port}/new")
    site.says("/new", "x")
    assert isinstance(await fetch(session, site.at("/feed")), Page)


async def test_the_environments_proxies_are_not_used(site: HostileSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    site.says("/feed", "x")
    async with open_session("Dauys/test") as session:
        assert isinstance(await fetch(session, site.at("/feed")), Page)


async def test_a_session_that_unpacks_by_itself_is_refused(site: HostileSite) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="open_session"):
            await fetch(session, site.at("/feed"))


async def test_headers_of_a_megabyte_are_a_fault(session: aiohttp.ClientSession, site: HostileSite) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={"X-Long": "a" * 1_000_000})

    site.answers["/feed"] = answer
    assert await fetch_fault(session, site.at("/feed")) is SourceFault.UNREACHABLE
