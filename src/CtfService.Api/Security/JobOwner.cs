namespace CtfService.Api.Security;

/// <summary>The caller as the owner of jobs and files. An endpoint gets it as a parameter.</summary>
/// <param name="Tenant">Name of the API key; empty without one, so that all callers without a key share their jobs.</param>
/// <param name="Weight">Share of the key in bulk jobs, 1 to <see cref="ApiKeyOptions.MaxWeight"/>.</param>
internal sealed record JobOwner(string Tenant, int Weight)
{
    private const int DefaultWeight = 1;

    public static JobOwner Of(HttpContext http) =>
        CallerKey.Of(http) is { } key ? new JobOwner(key.Name, key.Weight) : new JobOwner("", DefaultWeight);

    /// <summary>Called by the framework for a parameter of this type.</summary>
    public static ValueTask<JobOwner?> BindAsync(HttpContext context) =>
        ValueTask.FromResult<JobOwner?>(Of(context));
}
