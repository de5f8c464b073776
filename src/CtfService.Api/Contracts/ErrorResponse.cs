using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Body of every error response under /v1, in OpenAI's shape.</summary>
public sealed record ErrorResponse(ErrorBody Error);

/// <summary>What is wrong.</summary>
/// <param name="Message">For people: what is wrong, what is expected, what to do.</param>
/// <param name="Type">invalid_request_error for 4xx, server_error for 5xx.</param>
/// <param name="Param">The first field with a problem, such as <c>fine.top_k</c>; null if there is none.</param>
/// <param name="Code">For programs: the kind of problem.</param>
/// <param name="Details">Every problem, if there are several; otherwise absent.</param>
public sealed record ErrorBody(
    string Message,
    [property: AllowedValues("invalid_request_error", "server_error")] string Type,
    string? Param,
    string? Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ErrorDetail>? Details = null);

/// <summary>One problem of several.</summary>
/// <param name="Message">For people: what is wrong, what is expected, what to do.</param>
/// <param name="Param">The field with the problem.</param>
/// <param name="Code">For programs: the kind of problem.</param>
public sealed record ErrorDetail(string Message, string? Param, string Code);
