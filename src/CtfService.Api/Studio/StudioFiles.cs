using System.Collections.Frozen;
using CtfService.Api.Hosting;

namespace CtfService.Api.Studio;

/// <summary>The files of the page by their path below the address of the service: <c>/</c> and <c>/studio/...</c>. Thread-safe.</summary>
internal sealed class StudioFiles
{
    /// <summary>Path of everything but the page itself.</summary>
    public const string Group = "/studio";

    private const string Page = "index.html";

    private readonly FrozenDictionary<string, StudioFile> _files;

    private StudioFiles(FrozenDictionary<string, StudioFile> files) => _files = files;

    /// <summary>Reads the files of the page. They stay in memory, so that a request cannot reach any other file.</summary>
    /// <param name="folder">Contains <c>index.html</c> and the folder <c>studio</c>.</param>
    /// <exception cref="StartRefusedException">The page is missing.</exception>
    public static StudioFiles Read(string folder)
    {
        var page = Path.Combine(folder, Page);
        if (!File.Exists(page))
        {
            throw new StartRefusedException(
                [$"{page} is missing, the page that {StudioOptions.SectionName}:{nameof(StudioOptions.Enabled)} serves. Restore it, or set that to false."]);
        }

        var below = Path.Combine(folder, Group.TrimStart('/'));
        var others = Directory.Exists(below) ? Directory.EnumerateFiles(below, "*", SearchOption.AllDirectories) : [];
        var files = new Dictionary<string, StudioFile> { ["/"] = Load(page)! };
        foreach (var path in others)
        {
            if (Load(path) is { } file)
            {
                files[$"/{Path.GetRelativePath(folder, path).Replace('\\', '/')}"] = file;
            }
        }

        return new StudioFiles(files.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>Returns null if there is no such file.</summary>
    public StudioFile? Find(string path) => _files.GetValueOrDefault(path);

    private static StudioFile? Load(string path) =>
        StudioMediaTypes.Find(path) is { } mediaType ? new StudioFile(mediaType, File.ReadAllBytes(path)) : null;
}
