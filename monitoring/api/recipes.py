"""GET and POST /recipes, GET and PATCH /recipes/<recipe>."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import DESIGN
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api import vessel_fields as fields
from monitoring.api.alarms import CHANGED, body_of
from monitoring.api.batch_errors import acting, errors_as_answers
from monitoring.api.fields import parameters
from monitoring.api.vessels import SLUG
from monitoring.batches import recipes
from monitoring.batches.finding import find_recipe
from monitoring.batches.reading import read_recipes, recipe_json

RECIPE = OpenApiParameter("recipe", str, OpenApiParameter.PATH, description="The recipe's name.")


class RecipeViewSet(ViewSet):
    """List, make, revise and retire recipes."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "partial_update"), DESIGN)
    lookup_value_regex = SLUG
    lookup_field = "recipe"

    @extend_schema(
        operation_id="getRecipes",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[fields.RecipeListSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.RecipeSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List the versions of the recipes by name, newest version first."""
        chosen = parameters(fields.RecipeListSerializer, request).validated_data
        return Response([recipe_json(recipe) for recipe in read_recipes(with_retired=chosen["retired"])])

    @extend_schema(
        operation_id="getRecipe",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[RECIPE, fields.RecipeQuerySerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            fields.RecipeSerializer, also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    def retrieve(self, request: Request, recipe: str) -> Response:
        """Return a version of a recipe; without `version`, the newest that is offered."""
        chosen = parameters(fields.RecipeQuerySerializer, request).validated_data
        with errors_as_answers():
            return Response(recipe_json(find_recipe(recipe, chosen.get("version"))))

    @extend_schema(
        operation_id="makeRecipe",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.MakeRecipeSerializer,
        examples=[fields.RECIPE],
        responses={
            **schemas.reads(None, also={**CHANGED, 409: fields.NAME_TAKEN}),
            200: None,
            201: fields.RecipeSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Make version 1 of a recipe. For the role engineer."""
        asked = body_of(request, fields.MakeRecipeSerializer, "name and phases")
        phases, description = fields.new_phases(asked["phases"]), asked.get("description", "")
        with acting(request) as actor:
            made = recipes.make_recipe(asked["name"], phases, description=description, actor=actor)
        return Response(recipe_json(made), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeRecipe",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[RECIPE, schemas.RETRY_AFTER],
        request=fields.ChangeRecipeSerializer,
        responses=schemas.reads(
            fields.RecipeSerializer,
            also={**CHANGED, 404: schemas.NOT_FOUND, 409: fields.NAME_TAKEN},
        ),
    )
    def partial_update(self, request: Request, recipe: str) -> Response:
        """Change phases or description, or retire a version. For the role engineer.

        A version that a batch has used stays as it is: the change makes the next version.
        """
        asked = body_of(request, fields.ChangeRecipeSerializer, "the fields to change")
        with acting(request) as actor:
            if "retired" in asked:
                is_retired = asked["retired"]
                changed = recipes.retire_recipe(recipe, asked["version"], is_retired=is_retired, actor=actor)
            else:
                phases = fields.new_phases(asked["phases"]) if "phases" in asked else None
                text = asked.get("description")
                changed = recipes.revise_recipe(recipe, phases=phases, description=text, actor=actor)
        return Response(recipe_json(changed))
