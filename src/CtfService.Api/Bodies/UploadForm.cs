using System.Text.Json;

namespace CtfService.Api.Bodies;

/// <summary>A form that contains files: its fields, and how they become a request.</summary>
/// <typeparam name="TRequest">The request. Its properties are the fields.</typeparam>
/// <param name="Files">The fields that are files.</param>
/// <param name="Lists">The fields that may also be named as a list, with brackets.</param>
/// <param name="Read">Reads the fields, and adds the problems to them.</param>
internal sealed record UploadForm<TRequest>(IReadOnlyList<string> Files, IReadOnlyList<string> Lists, Func<FormFields, TRequest> Read)
{
    /// <summary>All fields, those of the request itself first.</summary>
    public IReadOnlyList<string> Fields { get; } =
        [.. typeof(TRequest).GetProperties().Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name))];
}
