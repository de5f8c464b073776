namespace CtfService.Api.Responses;

/// <summary>Media types of downloads. Unknown endings are bytes, so that no browser runs what somebody uploaded.</summary>
internal static class FileMediaTypes
{
    private static readonly Dictionary<string, string> ByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        [".jsonl"] = "application/jsonl",
        [".json"] = "application/json",
        [".tar"] = "application/x-tar",
        [".zip"] = "application/zip",
        [".parquet"] = "application/vnd.apache.parquet",
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".webp"] = "image/webp",
    };

    public static string Of(string fileName) => ByEnding.GetValueOrDefault(Path.GetExtension(fileName), "application/octet-stream");
}
