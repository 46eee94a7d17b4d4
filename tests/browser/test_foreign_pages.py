"""A page of another site, opened in the developer's browser, can't use the embedded cloud."""

import base64
import http.client
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from local.cloud import Cloud

from .visitor import FOREIGN

FUNCTION = "stolen-function"
QUEUE = "stolen-queue"
CREATE_QUEUE = urlencode({"Action": "CreateQueue", "QueueName": QUEUE, "Version": "2012-11-05"})

# Each request needs no preflight, because a form or an image could send it too. Opaque answers count as sent.
ATTACK = """async ([cloud, body, query]) => {
  const simple = { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" } };
  const image = new Promise(done => {
    const element = new Image();
    element.onload = element.onerror = done;
    element.src = `${cloud}/?${query}&from=image`;
  });
  await Promise.allSettled([
    fetch(`${cloud}/2015-03-31/functions`, { ...simple, body }),
    fetch(`${cloud}/`, { ...simple, headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: query }),
    fetch(`${cloud}/?${query}`, { mode: "no-cors" }),
    image,
  ]);
}"""
READ = "async url => { try { return (await fetch(url)).status } catch { return null } }"
PREFLIGHTED = """async url => {
  try { return (await fetch(url, { headers: { "x-amz-target": "x" } })).status } catch { return null }
}"""


def function_body() -> str:
    """The body of a request that creates a function, as the AWS API has it."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return 1")
    zipped = base64.b64encode(code.getvalue()).decode()
    role = "arn:aws:iam::000000000000:role/any"
    fields = {"FunctionName": FUNCTION, "Runtime": "python3.13", "Role": role, "Handler": "index.handler"}
    return json.dumps({**fields, "Code": {"ZipFile": zipped}})


@contextmanager
def foreign_site() -> Iterator[str]:
    """Another site's web server. Yields the address of its only page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>another site</title>")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{FOREIGN}:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def foreign_page(browser: Browser) -> Iterator[Page]:
    with foreign_site() as address:
        page = browser.new_page()
        page.goto(address)
        yield page
        page.close()


def created(cloud: Cloud) -> list[str]:
    functions = [function["FunctionName"] for function in cloud.client("lambda").list_functions()["Functions"]]
    queues = cloud.client("sqs").list_queues().get("QueueUrls", [])
    return [name for name in functions + queues if "stolen" in name]


def test_a_page_of_another_site_creates_no_function_and_no_queue(foreign_page: Page, cloud: Cloud) -> None:
    foreign_page.evaluate(ATTACK, [cloud.url, function_body(), CREATE_QUEUE])
    assert created(cloud) == []
    # A form of that page opens the cloud's answer in the tab.
    foreign_page.set_content(f'<form method="post" action="{cloud.url}/?{CREATE_QUEUE}"><button>win</button></form>')
    with foreign_page.expect_response(f"{cloud.url}/**") as answer:
        foreign_page.get_by_role("button").click()
    assert answer.value.status == 403
    assert created(cloud) == []


def test_a_program_of_this_machine_may_send_the_same_request_with_the_secret_of_the_run(cloud: Cloud) -> None:
    secret = {"X-Amz-Security-Token": cloud.token}
    for headers, status in (({}, 403), (secret, 201)):
        connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc)
        connection.request("POST", "/2015-03-31/functions", function_body(), {"Content-Type": "text/plain", **headers})
        assert connection.getresponse().status == status
        connection.close()
    cloud.client("lambda").delete_function(FunctionName=FUNCTION)


def test_a_page_of_another_site_reads_nothing(foreign_page: Page, cloud: Cloud) -> None:
    for address in (f"{cloud.url}/apikeys?includeValues=true", f"{cloud.url}/{cloud.bucket}", cloud.page_url):
        assert foreign_page.evaluate(READ, address) is None
        assert foreign_page.evaluate(PREFLIGHTED, address) is None


def test_a_link_of_another_site_opens_nothing(foreign_page: Page, cloud: Cloud) -> None:
    foreign_page.set_content(f'<a href="{cloud.url}/?{CREATE_QUEUE}">more</a>')
    with foreign_page.expect_navigation() as navigation:
        foreign_page.get_by_role("link").click()
    assert navigation.value
    assert navigation.value.status == 403
    assert "Type or paste the address" in foreign_page.inner_text("body")
    assert created(cloud) == []


def test_a_name_that_dns_rebinding_leads_to_this_machine_is_refused(browser: Browser, cloud: Cloud) -> None:
    page = browser.new_page()
    rebound = cloud.url.replace("127.0.0.1", FOREIGN)
    answer = page.goto(f"{rebound}/_ministack/health")
    assert answer
    assert answer.status == 403
    assert page.evaluate(READ, f"{rebound}/apikeys?includeValues=true") == 403
    page.evaluate(ATTACK, [rebound, function_body(), CREATE_QUEUE])
    assert created(cloud) == []
    page.close()
