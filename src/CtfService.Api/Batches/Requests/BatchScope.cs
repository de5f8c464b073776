using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Api.Batches.Requests;

/// <summary>What the requests of one batch have in common while some of them are read. Not thread-safe.</summary>
/// <param name="Tenant">Owner of the batch, whose files its requests may name.</param>
/// <param name="Model">The model that requests are checked against.</param>
internal sealed record BatchScope(string Tenant, ModelDescription Model)
{
    /// <summary>Number of pictures that are kept; requests often name the same few.</summary>
    private const int MostPictures = 16;

    private readonly Dictionary<string, RgbImage> _pictures = [];

    /// <summary>Returns the decoded picture of a file, which is read and decoded once if several requests in a row name it.</summary>
    public async Task<RgbImage> PictureAsync(string fileId, Func<Task<RgbImage>> read)
    {
        if (_pictures.TryGetValue(fileId, out var known))
        {
            return known;
        }

        if (_pictures.Count == MostPictures)
        {
            _pictures.Clear();
        }

        return _pictures[fileId] = await read();
    }
}
