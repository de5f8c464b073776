namespace CtfService.Api.Errors;

/// <summary>Sends every error through <see cref="ErrorWriter"/>, whether it is an exception or a status without a body.</summary>
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
