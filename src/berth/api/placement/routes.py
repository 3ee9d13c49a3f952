"""The route table of the Placement API: one row for each operation."""

from __future__ import annotations

from typing import Final

from berth.api.placement import error_codes, schemas
from berth.api.placement.endpoints import allocations, document, inventories, names, providers, root, traits_aggregates
from berth.api.placement.operation import Operation, Refusals, Wording
from berth.model import errors

_PROVIDERS: Final = "/resource_providers"
_PROVIDER: Final = "/resource_providers/{uuid}"
_INVENTORIES: Final = "/resource_providers/{uuid}/inventories"
_INVENTORY: Final = "/resource_providers/{uuid}/inventories/{resource_class}"

_CHANGED: Final = Wording(
    409,
    "Resource provider's generation already changed. Please update the generation and try again.",
    error_codes.CONCURRENT_UPDATE,
)
_GENERATION: Final[Refusals] = {errors.GenerationConflict: Wording(409, code=error_codes.CONCURRENT_UPDATE)}
_BAD_INVENTORY: Final = Wording(400, "Unable to update inventory for resource provider {uuid}: {error}")
_CONSUMER: Final[Refusals] = {
    errors.ConsumerGenerationConflict: Wording(409, code=error_codes.CONCURRENT_UPDATE),
    errors.CannotAllocate: Wording(409, "Unable to allocate inventory: {error}"),
}
_ASKED_CLASS: Final = Wording(400, "Invalid resource class in resources parameter: {error}")
_CLAIM: Final = schemas.with_property(
    schemas.with_property(
        schemas.strangers_first(schemas.closed({"allocations": schemas.ALLOCATIONS_BY_PROVIDER}, ("allocations",))),
        "project_id",
        schemas.EXTERNAL_ID,
        required=True,
    ),
    "user_id",
    schemas.EXTERNAL_ID,
    required=True,
)
_CLAIMS_1_13: Final = schemas.by_consumer(schemas.any_allocations(_CLAIM), 1)
_RESHAPE_1_30: Final = schemas.closed(
    {
        "inventories": {
            "type": "object",
            "patternProperties": {schemas.UUID_KEY: schemas.SET_INVENTORIES},
            "minProperties": 1,
            "additionalProperties": False,
        },
        "allocations": schemas.each_claim(
            {**_CLAIMS_1_13, "minProperties": 0}, "consumer_generation", schemas.CONSUMER_GENERATION
        ),
    },
    ("inventories", "allocations"),
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("root.show", "GET", "/", root.show, "Which versions there are", public=True),
    Operation(
        "document.show",
        "GET",
        "/openapi.json",
        lambda call: document.show(call, OPERATIONS),
        "Describe the API",
        document.QUERY,
        gives_json=True,
        public=True,
    ),
    # --- Providers ---
    Operation(
        "providers.list",
        "GET",
        _PROVIDERS,
        providers.list_,
        "List providers",
        schemas.LIST_PROVIDERS,
        gives_json=True,
        refusals={
            errors.ClassNotFound: _ASKED_CLASS,
            errors.TraitsNotFound: Wording(400, 'Invalid trait(s) in "required" parameter: {error}'),
        },
    ),
    Operation(
        "providers.create",
        "POST",
        _PROVIDERS,
        providers.create,
        "Create a provider",
        schemas.CREATE_PROVIDER,
        takes_json=True,
        refusals={
            errors.ProviderExists: Wording(409, code=error_codes.DUPLICATE_NAME),
            errors.Invalid: Wording(400, 'Unable to create resource provider "{name}", {uuid}: {error}'),
        },
    ),
    Operation("providers.show", "GET", _PROVIDER, providers.show, "Show a provider", gives_json=True),
    Operation(
        "providers.update",
        "PUT",
        _PROVIDER,
        providers.update,
        "Rename or move a provider",
        schemas.UPDATE_PROVIDER,
        takes_json=True,
        refusals={
            errors.ProviderExists: Wording(409, code=error_codes.DUPLICATE_NAME),
            errors.Invalid: Wording(400, "Unable to save resource provider {uuid}: {error}"),
        },
    ),
    Operation(
        "providers.delete",
        "DELETE",
        _PROVIDER,
        providers.delete,
        "Delete a provider",
        refusals={
            errors.ProviderNotFound: Wording(404, "No resource provider with uuid {uuid} found for delete"),
            errors.ProviderInUse: Wording(
                409, "Unable to delete resource provider {uuid}: {error}", error_codes.PROVIDER_IN_USE
            ),
            errors.ProviderHasChildren: Wording(409, code=error_codes.CANNOT_DELETE_PARENT),
        },
    ),
    # --- What providers have ---
    Operation(
        "inventories.list", "GET", _INVENTORIES, inventories.list_, "List a provider's inventories", gives_json=True
    ),
    Operation(
        "inventories.create",
        "POST",
        _INVENTORIES,
        inventories.create,
        "Add an inventory",
        schemas.CREATE_INVENTORY,
        takes_json=True,
        refusals={
            errors.InventoryExists: Wording(409, "Update conflict: {error}", error_codes.CONCURRENT_UPDATE),
            errors.ReservedExceedsTotal: Wording(
                400, "Unable to create inventory for resource provider {uuid}: {error}"
            ),
            errors.ClassNotFound: Wording(400, "Unable to create inventory for resource provider {uuid}: {error}"),
        },
    ),
    Operation(
        "inventories.replace",
        "PUT",
        _INVENTORIES,
        inventories.replace,
        "Replace all inventories",
        schemas.SET_INVENTORIES,
        takes_json=True,
        refusals={
            **_GENERATION,
            errors.InventoryInUse: Wording(409, "update conflict: {error}", error_codes.INVENTORY_IN_USE),
            errors.ReservedExceedsTotal: _BAD_INVENTORY,
            errors.ClassNotFound: Wording(
                400, "Unknown resource class in inventory for resource provider {uuid}: {error}"
            ),
        },
    ),
    Operation(
        "inventories.clear",
        "DELETE",
        _INVENTORIES,
        inventories.clear,
        "Delete all inventories",
        too_early=405,
        refusals={errors.InventoryInUse: Wording(409, code=error_codes.INVENTORY_IN_USE)},
    ),
    Operation(
        "inventory.show",
        "GET",
        _INVENTORY,
        inventories.show,
        "Show an inventory",
        gives_json=True,
        refusals={
            errors.InventoryNotFound: Wording(404, "No inventory of class {resource_class} for {uuid}"),
        },
    ),
    Operation(
        "inventory.update",
        "PUT",
        _INVENTORY,
        inventories.update,
        "Change an inventory",
        schemas.UPDATE_INVENTORY,
        takes_json=True,
        refusals={
            **_GENERATION,
            errors.InventoryNotFound: Wording(
                400, "No inventory record with resource class for resource provider {uuid}: {error}"
            ),
            errors.ReservedExceedsTotal: _BAD_INVENTORY,
        },
    ),
    Operation(
        "inventory.delete",
        "DELETE",
        _INVENTORY,
        inventories.delete,
        "Delete an inventory",
        refusals={
            errors.InventoryInUse: Wording(
                409, "Unable to delete inventory of class {resource_class}: {error}", error_codes.CONCURRENT_UPDATE
            ),
            errors.InventoryNotFound: Wording(404, "No inventory of class {resource_class} found for delete: {error}"),
            errors.ClassNotFound: Wording(404, "No inventory of class {resource_class} found for delete: {error}"),
        },
    ),
    Operation(
        "provider_usages.show",
        "GET",
        "/resource_providers/{uuid}/usages",
        inventories.usages,
        "Show how much of a provider is held",
        gives_json=True,
    ),
    Operation(
        "aggregates.show",
        "GET",
        "/resource_providers/{uuid}/aggregates",
        traits_aggregates.show_aggregates,
        "Show a provider's aggregates",
        gives_json=True,
    ),
    Operation(
        "aggregates.set",
        "PUT",
        "/resource_providers/{uuid}/aggregates",
        traits_aggregates.set_aggregates,
        "Set a provider's aggregates",
        schemas.AGGREGATES,
        takes_json=True,
        refusals={errors.GenerationConflict: _CHANGED},
    ),
    Operation(
        "provider_traits.show",
        "GET",
        "/resource_providers/{uuid}/traits",
        traits_aggregates.show_traits,
        "Show a provider's traits",
        gives_json=True,
    ),
    Operation(
        "provider_traits.set",
        "PUT",
        "/resource_providers/{uuid}/traits",
        traits_aggregates.set_traits,
        "Set a provider's traits",
        schemas.SET_TRAITS,
        takes_json=True,
        refusals={
            errors.GenerationConflict: _CHANGED,
            errors.TraitsNotFound: Wording(400, "{error}"),
        },
    ),
    Operation(
        "provider_traits.clear",
        "DELETE",
        "/resource_providers/{uuid}/traits",
        traits_aggregates.clear_traits,
        "Remove a provider's traits",
    ),
    Operation(
        "provider_allocations.show",
        "GET",
        "/resource_providers/{uuid}/allocations",
        allocations.show_of_provider,
        "Show who holds what of a provider",
        gives_json=True,
    ),
    # --- Names ---
    Operation("classes.list", "GET", "/resource_classes", names.list_classes, "List resource classes", gives_json=True),
    Operation(
        "classes.create",
        "POST",
        "/resource_classes",
        names.create_class,
        "Create a resource class",
        schemas.NAME_CLASS,
        takes_json=True,
        refusals={errors.ClassExists: Wording(409, "Conflicting resource class already exists: {name}")},
    ),
    Operation(
        "classes.show", "GET", "/resource_classes/{name}", names.show_class, "Show a resource class", gives_json=True
    ),
    Operation(
        "classes.rename",
        "PUT",
        "/resource_classes/{name}",
        names.rename_class,
        "Rename a resource class",
        schemas.NAME_CLASS,
        takes_json=True,
        refusals={
            errors.ClassExists: Wording(409, "Resource class already exists: {new_name}"),
            errors.StandardName: Wording(400, "Cannot update standard resource class {name}"),
        },
    ),
    Operation("classes.ensure", "PUT", "/resource_classes/{name}", names.ensure_class, "Make sure of a resource class"),
    Operation(
        "classes.delete",
        "DELETE",
        "/resource_classes/{name}",
        names.delete_class,
        "Delete a resource class",
        refusals={
            errors.StandardName: Wording(400, "Error in delete resource class: {error}"),
            errors.ClassInUse: Wording(409, "Error in delete resource class: {error}"),
        },
    ),
    Operation("traits.list", "GET", "/traits", names.list_traits, "List traits", schemas.LIST_TRAITS, gives_json=True),
    Operation("traits.show", "GET", "/traits/{name}", names.show_trait, "Check for a trait"),
    Operation("traits.ensure", "PUT", "/traits/{name}", names.ensure_trait, "Make sure of a trait"),
    Operation("traits.delete", "DELETE", "/traits/{name}", names.delete_trait, "Delete a trait"),
    # --- Claims ---
    Operation(
        "candidates.list",
        "GET",
        "/allocation_candidates",
        allocations.candidates,
        "Find where a request fits",
        schemas.CANDIDATES,
        gives_json=True,
        refusals={errors.ClassNotFound: _ASKED_CLASS, errors.TraitsNotFound: Wording(400)},
    ),
    Operation(
        "allocations.post",
        "POST",
        "/allocations",
        allocations.post,
        "Set what several consumers hold",
        _CLAIMS_1_13,
        takes_json=True,
        refusals={**_CONSUMER, errors.ClassNotFound: Wording(400, "Unable to allocate inventory {error}")},
    ),
    Operation(
        "allocations.show",
        "GET",
        "/allocations/{consumer_uuid}",
        allocations.show,
        "Show what a consumer holds",
        gives_json=True,
    ),
    Operation(
        "allocations.put",
        "PUT",
        "/allocations/{consumer_uuid}",
        allocations.put,
        "Set what a consumer holds",
        schemas.PUT_ALLOCATIONS,
        takes_json=True,
        refusals={
            **_CONSUMER,
            errors.ClassNotFound: Wording(400, "Unable to allocate inventory for consumer {consumer}: {error}"),
        },
    ),
    Operation(
        "allocations.delete", "DELETE", "/allocations/{consumer_uuid}", allocations.delete, "End what a consumer holds"
    ),
    Operation(
        "reshape",
        "POST",
        "/reshaper",
        allocations.reshape,
        "Change inventories and allocations together",
        _RESHAPE_1_30,
        takes_json=True,
        refusals={
            **_GENERATION,
            **_CONSUMER,
            errors.ReshapedProviderNotFound: Wording(400, code=error_codes.PROVIDER_NOT_FOUND),
            errors.ClassNotFound: Wording(400, "malformed reshaper data: {error}"),
            errors.InventoryInUse: Wording(409, "update conflict: {error}", error_codes.INVENTORY_IN_USE),
        },
    ),
    Operation(
        "project_usages.show",
        "GET",
        "/usages",
        allocations.project_usages,
        "Show what a project holds",
        schemas.PROJECT_USAGES,
        gives_json=True,
    ),
)
