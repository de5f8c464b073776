namespace CtfService.Api.Errors;

/// <summary>One way out for every error, thrown or a bare status.</summary>
internal static class ErrorExtensions
{
    public static IServiceCollection AddErrors(this IServiceCollection services)
    {
        services.AddProblemDetails();
        services.AddSingleton<ErrorWriter>();
        services.AddSingleton<JsonProblems>();
        services.AddSingleton<ErrorDescriber>();
        return services.AddExceptionHandler<ApiExceptionHandler>();
    }

    public static void UseErrors(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(context =>
        {
            var writer = context.HttpContext.RequestServices.GetRequiredService<ErrorWriter>();
            return writer.WriteAsync(context.HttpContext, StatusErrors.Describe(context.HttpContext.Request, context.HttpContext.Response.StatusCode));
        });
    }
}
