using CtfService.Api.Contracts;
using CtfService.Api.Validation;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.OpenApi;

namespace CtfService.Api.Description;

/// <summary>Headers that requests for images may carry; the endpoints read them from the request itself, where Swashbuckle does not look.</summary>
internal static class RequestHeaders
{
    public static void Describe(OpenApiOperation operation, IEnumerable<object> endpointMetadata)
    {
        if (endpointMetadata.OfType<IAcceptsMetadata>().Any(body => body.RequestType?.IsAssignableTo(typeof(ImageRequest)) == true))
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = DeadlineChoice.Header,
                In = ParameterLocation.Header,
                Description = "Limits the time like `timeout_ms`: seconds, or milliseconds with the unit ms. Above 0.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = @"^[0-9]+(\.[0-9]+)?(s|ms)?$", Example = "2.5s" },
            });
        }
    }
}
