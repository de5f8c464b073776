using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Api.Batches.Requests;

/// <summary>What the requests of one batch have in common while some of them are read. Not thread-safe.</summary>
/// <param name="Tenant">Owner of the batch, whose files its requests may name.</param>
/// <param name="Model">The model that requests are checked against.</param>
internal sealed record BatchScope(string Tenant, ModelDescription Model)
{
    /// <summary>Number of decoded pictures that are kept; requests often name the same few.</summary>
    private const int MostPictures = 16;

    private readonly Dictionary<string, LayoutSource> _layouts = [];

    /// <summary>Returns what was read from files, which are read and decoded once if several requests in a row name them.</summary>
    /// <param name="names">Identifies the files; null if the request contains one. All requests of a batch read the same kind of layout.</param>
    public async Task<TLayout> LayoutAsync<TLayout>(string? names, Func<Task<TLayout>> read)
        where TLayout : LayoutSource
    {
        if (names is null)
        {
            return await read();
        }

        if (_layouts.TryGetValue(names, out var known))
        {
            return (TLayout)known;
        }

        if (_layouts.Count == MostPictures)
        {
            _layouts.Clear();
        }

        var layout = await read();
        _layouts[names] = layout;
        return layout;
    }
}
