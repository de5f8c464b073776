using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Classes of the loaded model.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">In order of their ids.</param>
public sealed record ClassListResponse([property: JsonPropertyName("object")] string ObjectType, IReadOnlyList<ClassEntry> Data);

/// <summary>One class.</summary>
/// <param name="Id">Index, 0..classes-1.</param>
/// <param name="Name">What <c>class_label</c> takes.</param>
public sealed record ClassEntry(int Id, string Name);
