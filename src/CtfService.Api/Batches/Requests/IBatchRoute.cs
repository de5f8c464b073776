using CtfService.Api.Errors;
using CtfService.Api.Validation;

namespace CtfService.Api.Batches.Requests;

/// <summary>A route whose requests a batch may have: reads and checks a body as the route itself does. Thread-safe.</summary>
internal interface IBatchRoute
{
    /// <summary>Path of the route.</summary>
    string Path { get; }

    /// <summary>Longest body, bytes.</summary>
    int MaxBodyBytes { get; }

    /// <summary>The setting that defines the longest body.</summary>
    string MaxBodySetting { get; }

    /// <param name="seed">Seed of a request that has none.</param>
    /// <exception cref="RequestRefusedException">The body is invalid; the exception lists every problem.</exception>
    Task<ValidatedImageRequest> ReadAsync(ReadOnlyMemory<byte> body, ulong seed, BatchScope scope, CancellationToken cancellation);
}

/// <summary>All routes whose requests a batch may have.</summary>
internal sealed class BatchRoutes(IEnumerable<IBatchRoute> routes)
{
    private readonly Dictionary<string, IBatchRoute> _routes = routes.ToDictionary(route => route.Path);

    public IEnumerable<string> Paths => _routes.Keys;

    /// <summary>Returns null if there is no such route.</summary>
    public IBatchRoute? Find(string path) => _routes.GetValueOrDefault(path);
}
