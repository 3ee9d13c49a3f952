"""Programs as their frameworks want them: each way in that a model or a route table names, with a harmless twin."""

import pytest

from berth.review.code.engine import review_code
from berth.review.code.library import load_library
from berth.review.code.parse import SourceTree

LIBRARY = load_library()

TABLE = """from views import show
class Route:
    def __init__(self, *given): self.given = given
ROUTES = (Route("orders.show", "GET", "/orders", show),)
"""
CALL = """import os
from dataclasses import dataclass
class Ledger:
    def find(self, name): return 1
@dataclass
class Call:
    ledger: Ledger
    items: dict
def show(call: Call):
    {}
"""
FALCON = """import os
class Orders:
    def on_get(self, req, resp, name):
        {}
"""
GRAPHENE = """import graphene, os
class Query(graphene.ObjectType):
    def resolve_host(self, info, host):
        {}
"""
AIOHTTP = """from aiohttp import web
async def show(request):
    name = request.query["name"]
    {}
app = web.Application()
app.router.add_get("/orders", show)
"""
FLASK = """from flask import Flask, Response, make_response, request
def show(name):
    {}
app = Flask(__name__)
app.add_url_rule("/orders/<name>", view_func=show)
"""
DJANGO = """from django import forms
from django.db import connection
from django.urls import path
class Search(forms.Form):
    q = forms.CharField()
def find(asked):
    form = Search(asked.GET)
    with connection.cursor() as cursor:
        {}
urlpatterns = [path("find/", find)]
"""
EVENTS = """import subprocess
def handler(event, context):
    {}
"""
TABLE_OF_PATHS = """import os
def show(req): {}
DECLARATIONS = {{"/orders": {{"GET": show}}}}
"""

# The program, a body that does harm, the weakness, and a body that does none.
PROGRAMS = [
    (CALL, "os.system('ls ' + call.items['name'])", 78, "os.system('ls ' + str(int(call.items['name'])))"),
    (CALL, "os.system('ls ' + call.items['name'])", 78, "os.system('ls ' + str(call.ledger.find('a')))"),
    (TABLE_OF_PATHS, "os.system(req.GET['a'])", 78, "os.system('ls')"),
    (FALCON, "os.system('ls ' + name)", 78, "os.system(['ls', 'name'][0])"),
    (FALCON, "resp.content_type = 'text/html'; resp.text = '<p>' + name", 79, "resp.text = '<p>' + name"),
    (GRAPHENE, "return os.popen('ping ' + host).read()", 78, "return info.context"),
    (AIOHTTP, "return web.Response(text='<p>' + name, content_type='text/html')", 79, "return web.Response(text=name)"),
    (AIOHTTP, "open('/data/' + name).read()", 22, "open('/data/{:d}'.format(name)).read()"),
    (FLASK, "return Response('<p>' + name)", 79, "return Response('a' + name, mimetype='text/plain')"),
    (FLASK, "return make_response('<p>' + name)", 79, "return make_response('<p>%d' % (name,))"),
    (
        DJANGO,
        "cursor.execute(f\"select {form.cleaned_data['q']}\")",
        89,
        "cursor.execute('select %s', [form.cleaned_data['q']])",
    ),
    (EVENTS, "subprocess.run('ls ' + event['name'], shell=True)", 78, "subprocess.run(['ls', '--', event['name']])"),
]


def weaknesses(text: str, **others: str) -> set[int]:
    files = {"views.py": text.encode()} | {f"{name}.py": other.encode() for name, other in others.items()}
    return {finding.cwe for finding in review_code(SourceTree("t", files), LIBRARY).findings}


@pytest.mark.parametrize(("program", "bad", "cwe", "good"), PROGRAMS)
def test_data_that_a_framework_gives_is_followed(program: str, bad: str, cwe: int, good: str) -> None:
    assert weaknesses(program.format(bad), table=TABLE) == {cwe}
    assert weaknesses(program.format(good), table=TABLE) == set()


def test_a_method_that_quotes_is_known_when_it_is_kept_in_a_variable() -> None:
    text = "from flask import request\nfrom app import app\n@app.get('/a')\ndef a(c, name):\n    quote = {}\n"
    text += "    c.execute(f'drop table {{quote(name)}}')\n"
    assert weaknesses(text.format("c.dialect.identifier_preparer.quote_identifier")) == set()
    assert weaknesses(text.format("c.dialect.shown")) == {89}


def test_only_an_archive_extracts_files() -> None:
    text = "import tarfile\nfrom app import app\n@app.get('/a')\ndef a(name):\n    {}\n"
    assert weaknesses(text.format("tarfile.open('/a').extract(name)")) == {22}
    assert weaknesses("from telemetry import Propagator\n" + text.format("Propagator().extract(name)")) == set()


JSON = """import logging
from pythonjsonlogger.json import JsonFormatter
h = logging.StreamHandler()
h.setFormatter(JsonFormatter())
"""
OWN = """import json, logging
class Lines(logging.Formatter):
    def format(self, record):
        return json.dumps(record.msg)
"""
NAMED = "LOGGING = {'formatters': {'a': {'()': 'pythonjsonlogger.json.JsonFormatter'}}, 'handlers': {}, 'root': 1}"


@pytest.mark.parametrize(
    ("configuration", "is_escaped"),
    [
        (f"{JSON}logging.getLogger().addHandler(h)\n", True),
        (f"{JSON}logging.getLogger('app').addHandler(h)\n", True),
        (f"{JSON}logging.getLogger('other').addHandler(h)\n", False),
        (
            f"{JSON}def later():\n    logging.root.handlers[:] = [made()]\ndef made():\n    return JsonFormatter()\n",
            True,
        ),
        (f"{OWN}logging.basicConfig(handlers=[Lines()])\n", True),
        ("import structlog\nstructlog.configure(processors=[structlog.processors.JSONRenderer()])\n", False),
        (NAMED, True),
        (NAMED.replace("'root'", "'loggers'"), False),
        ("LOGGING = {'formatters': {'a': {'format': 'a.b'}}, 'handlers': {}, 'root': {}}", False),
        ("import structlog\nRENDERER = structlog.processors.JSONRenderer()\n", False),
    ],
)
def test_a_log_is_not_injected_if_its_own_configuration_escapes_line_ends(configuration: str, is_escaped: bool) -> None:
    text = "import logging\nfrom app import app\nlog = logging.getLogger('app.a')\n"
    text += "@app.get('/a')\ndef a(name):\n    log.info('a %s', name)\n"
    assert weaknesses(text, logs=configuration) == (set() if is_escaped else {117})
