using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A page of the list of data sets.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">Data sets of the caller's key, newest first.</param>
/// <param name="FirstId">Id of the first entry; null if there is none.</param>
/// <param name="LastId">Id of the last entry, to send as <c>after</c> for the next page; null if there is none.</param>
/// <param name="HasMore">Whether older ones follow.</param>
public sealed record DatasetListResponse(
    [property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType,
    IReadOnlyList<DatasetResponse> Data,
    string? FirstId,
    string? LastId,
    bool HasMore);

/// <summary>The files of a data set.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">Files in the order of their names; of a running job, those that are finished.</param>
public sealed record DatasetFileListResponse(
    [property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<DatasetFileEntry> Data);

/// <summary>A file of a data set.</summary>
/// <param name="Name">File name.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Url">Path of the file at this service.</param>
public sealed record DatasetFileEntry(string Name, long Bytes, string Url);

/// <summary>A deleted data set.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ObjectType">Always <c>dataset.deleted</c>.</param>
/// <param name="Deleted">Always true.</param>
public sealed record DatasetDeletionResponse(
    string Id, [property: JsonPropertyName("object"), AllowedValues("dataset.deleted")] string ObjectType, bool Deleted);
