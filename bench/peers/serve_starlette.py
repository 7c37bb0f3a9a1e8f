"""The barest handler that somebody would write: Starlette, JSON in, JSON out."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def echo(request):
    body = await request.json()
    return JSONResponse(body["x"])


app = Starlette(routes=[Route("/echo", echo, methods=["POST"])])
