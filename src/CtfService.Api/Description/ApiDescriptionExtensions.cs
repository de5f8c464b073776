using CtfService.Api.Contracts;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>The OpenAPI document and its page at /swagger.</summary>
internal static class ApiDescriptionExtensions
{
    private const string Introduction =
        "Class-conditional image generation by coarse-to-fine token prediction. The image and model routes follow OpenAI's API, so its clients work.";

    public static IServiceCollection AddApiDescription(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen();
        services.AddOptions<SwaggerGenOptions>().Configure(Describe);
        services.AddSingleton<ErrorExamples>();
        return services;
    }

    public static void UseApiDescription(this WebApplication app)
    {
        app.UseSwagger();
        app.UseSwaggerUI(page =>
        {
            page.SwaggerEndpoint($"/swagger/{PageFilter.Document}/swagger.json", "CtfService v1");
            page.DocumentTitle = "CtfService";
            page.DisplayRequestDuration();
            page.EnableTryItOutByDefault();
        });
    }

    private static void Describe(SwaggerGenOptions options)
    {
        options.SwaggerDoc("v1", Info(Introduction));
        options.SwaggerDoc(PageFilter.Document, Info($"{Introduction} Generate clients from [/swagger/v1/swagger.json](/swagger/v1/swagger.json)."));
        options.OrderActionsBy(Place);
        options.IncludeXmlComments(typeof(ApiDescriptionExtensions).Assembly);
        options.SupportNonNullableReferenceTypes();
        SecuritySchemes.Define(options);
        // Client generators turn a choice between string and integer into an empty class.
        options.MapType<ClassReference>(() => new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = ClassReference.MaxNameLength });
        options.SchemaFilter<SchemaFilter>();
        options.OperationFilter<OperationFilter>();
        options.DocumentFilter<DocumentFilter>();
        options.DocumentFilter<PageFilter>();
    }

    private static OpenApiInfo Info(string description) => new()
    {
        Title = "CtfService",
        Version = "v1",
        Description = description,
        Contact = new OpenApiContact { Name = "The operator of this service" },
        License = new OpenApiLicense { Name = "MIT", Url = new Uri("https://opensource.org/license/mit") },
    };

    /// <summary>Orders the endpoints: generations, other images, the rest of the API, operators, health probes.</summary>
    private static string Place(ApiDescription endpoint)
    {
        var path = $"/{endpoint.RelativePath}";
        var group = path == $"{ImageRoutes.Group}/{ImageRoutes.Generations}" ? 0
            : path.StartsWith(ImageRoutes.Group, StringComparison.Ordinal) ? 1
            : path.StartsWith("/v1/admin", StringComparison.Ordinal) ? 3
            : ApiPaths.Contains(path) ? 2
            : 4;
        return $"{group}{path}";
    }
}
