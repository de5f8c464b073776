using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Classes of the loaded model.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">In order of their ids.</param>
public sealed record ClassListResponse([property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<ClassEntry> Data);

/// <summary>One class.</summary>
/// <param name="Id">Index, 0..classes-1.</param>
/// <param name="Name">What <c>class_label</c> takes.</param>
/// <param name="WordNetId">The class's WordNet synset, which <c>class_label</c> takes too; absent where the model's classes are not ImageNet's.</param>
public sealed record ClassEntry(
    int Id, string Name, [property: JsonPropertyName("wordnet_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WordNetId);
