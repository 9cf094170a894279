"""The service: its paths, and the order in which a request is looked at."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from lesions.errors import cut_value, quote_value
from lesions.hardware.processors import count_processors
from lesions.service import answering, schemas
from lesions.service.authorisation import AuthorisationMiddleware
from lesions.service.batching import Batcher, Queue
from lesions.service.limits import LimitsMiddleware, Room
from lesions.service.metrics import Metrics, MetricsMiddleware
from lesions.service.page_files import INDEX, find_page_file, read_page
from lesions.service.refusal import Refusal, RefusalMiddleware, respond
from lesions.service.secure_headers import SecureHeadersMiddleware
from lesions.service.served_models import ServedModels
from lesions.service.settings import Settings
from lesions.service.uploads import read_upload
from lesions.serving.model import Model


async def find_name(
    request: Request,
    model: Annotated[str | None, Query(description="One of the models; by default the first.")] = None,
) -> str | None:
    """Return the model that an address names; raise Refusal if it has an option that would be ignored."""
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name != "model":
            raise Refusal(422, f"the address has an option {quote_value(name)}; expected model or none")
    if len(names) > 1:
        raise Refusal(422, "the address names more than one model")
    return model


ModelName = Annotated[str | None, Depends(find_name)]

PATHS = frozenset({"/", "/predict", "/explain", "/model", "/health", "/ready", "/metrics", "/openapi.json"})

OF_IMAGES = (401, 408, 413, 415, 422, 429, 503)


def build_app(models: Sequence[Model], settings: Settings, *, num_threads: int | None = None) -> FastAPI:
    """Return the service of some models.

    Parameters
    ----------
    num_threads
        How many threads decode; by default the number of processors.

    Raises
    ------
    InputError
        If the same model is there twice.
    """
    metrics, room, queue = Metrics(), Room(settings), Queue(settings, num_threads or count_processors())
    served = ServedModels([Batcher(model, queue, settings, metrics) for model in models], settings)
    metrics.images_waiting.set_function(lambda: queue.num_waiting)
    metrics.requests_held.set_function(lambda: room.num_requests)
    metrics.bytes_held.set_function(lambda: room.num_bytes)
    app = FastAPI(
        title="lesions",
        description="Answers for images of skin lesions. Research; no diagnosis.",
        docs_url=None,  # these pages load their scripts from another host
        redoc_url=None,
        redirect_slashes=False,  # behind a proxy that speaks https, they lead to http
        exception_handlers={HTTPException: _refuse_route, RequestValidationError: _refuse_query},
        middleware=[
            Middleware(SecureHeadersMiddleware),
            Middleware(MetricsMiddleware, metrics, PATHS),
            Middleware(RefusalMiddleware),
            Middleware(LimitsMiddleware, settings, room),
            Middleware(AuthorisationMiddleware, settings.token),
        ],
    )
    _add_answering(app, served, settings, metrics)
    _add_describing(app, served, metrics)
    _add_page(app)
    return app


def _add_answering(app: FastAPI, served: ServedModels, settings: Settings, metrics: Metrics) -> None:
    @app.post(
        "/predict",
        summary="Answer for images, and for the lesion if all are of one.",
        responses=schemas.describe_answers(schemas.Predicted, schemas.EXAMPLE_PREDICTED, *OF_IMAGES),
        openapi_extra=schemas.describe_body(may_be_lesion=True),
    )
    async def predict(request: Request, name: ModelName) -> Response:
        batcher = served.find(name)
        upload = await read_upload(request, max_files=settings.max_files)
        return await answering.predict(batcher, upload, settings, metrics)

    @app.post(
        "/explain",
        summary="Answer for one image, with what in it speaks for the diagnosis.",
        responses=schemas.describe_answers(schemas.Explained, schemas.EXAMPLE_EXPLAINED, *OF_IMAGES),
        openapi_extra=schemas.describe_body(may_be_lesion=False),
    )
    async def explain(request: Request, name: ModelName) -> Response:
        batcher = served.find(name)
        upload = await read_upload(request, max_files=1, may_be_lesion=False)
        return await answering.explain(batcher, upload, settings, metrics)


def _add_describing(app: FastAPI, served: ServedModels, metrics: Metrics) -> None:
    @app.get(
        "/model",
        summary="What a model is, what it was measured to do, and what a request may have.",
        response_model=schemas.Described,
        responses={status: {"model": schemas.Reason} for status in (401, 422)},
    )
    async def model(name: ModelName) -> Response:
        return respond(served.describe(name))

    @app.get("/health", summary="Whether the process runs.", response_model=schemas.State)
    @app.get("/ready", summary="Whether requests are answered.", response_model=schemas.State)
    async def state() -> Response:
        return respond({"status": "ok"})

    @app.get(
        "/metrics",
        summary="Counters for Prometheus.",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, 401: {"model": schemas.Reason}},
    )
    async def show_metrics() -> Response:
        return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _add_page(app: FastAPI) -> None:
    page = read_page()

    @app.get("/", include_in_schema=False)
    async def show_page() -> Response:
        return find_page_file(page, INDEX)

    @app.get("/page/{file}", include_in_schema=False)
    async def show_page_file(file: str) -> Response:
        return find_page_file(page, file)


async def _refuse_route(_: Request, error: Any) -> Response:
    """Answer for a path or a method that there is not."""
    return Refusal(error.status_code, str(error.detail), headers=error.headers).respond()


async def _refuse_query(_: Request, error: Any) -> Response:
    """Answer for a parameter in the address that is wrong."""
    first = error.errors()[0]
    return Refusal(422, f"{'.'.join(map(str, first['loc']))}: {cut_value(first['msg'])}").respond()
