using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using CtfService.Jobs.Store;

namespace CtfService.Api.Contracts;

/// <summary>A file: an upload, or the output of a batch.</summary>
/// <param name="Id">Names the file in requests.</param>
/// <param name="ObjectType">Always <c>file</c>.</param>
/// <param name="Bytes">Length.</param>
/// <param name="CreatedAt">Seconds since 1970.</param>
/// <param name="ExpiresAt">When the file is deleted, seconds since 1970; null if it is kept.</param>
/// <param name="Filename">Name that the file was uploaded with.</param>
/// <param name="Purpose"><c>batch</c> for uploads, <c>batch_output</c> for outputs.</param>
/// <param name="Status">Always <c>processed</c>.</param>
/// <param name="StatusDetails">Always null.</param>
public sealed record FileEntry(
    string Id,
    [property: JsonPropertyName("object"), AllowedValues("file")] string ObjectType,
    long Bytes,
    long CreatedAt,
    long? ExpiresAt,
    string Filename,
    [property: AllowedValues("batch", "batch_output")] string Purpose,
    [property: AllowedValues("processed")] string Status,
    string? StatusDetails)
{
    public static FileEntry From(UploadedFile file) => new(
        file.Id,
        "file",
        file.Bytes,
        file.CreatedAt.ToUnixTimeSeconds(),
        file.ExpiresAt?.ToUnixTimeSeconds(),
        file.FileName,
        file.Purpose,
        "processed",
        StatusDetails: null);
}

/// <summary>Files of the caller.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="FirstId">Id of the first file of the page; null if it is empty.</param>
/// <param name="LastId">Id of the last file of the page, for <c>after</c>; null if it is empty.</param>
/// <param name="HasMore">Whether files follow.</param>
public sealed record FileListResponse(
    [property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType,
    IReadOnlyList<FileEntry> Data,
    string? FirstId,
    string? LastId,
    bool HasMore);

/// <summary>A file was deleted.</summary>
/// <param name="ObjectType">Always <c>file</c>.</param>
/// <param name="Deleted">Always true.</param>
public sealed record FileDeletedResponse(
    string Id, [property: JsonPropertyName("object"), AllowedValues("file")] string ObjectType, bool Deleted);
