using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Classes of the loaded model.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">The classes, ordered by id.</param>
public sealed record ClassListResponse([property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<ClassEntry> Data);

/// <summary>One class.</summary>
/// <param name="Id">Index of the class, 0..classes-1.</param>
/// <param name="Name">Name to send as <c>class_label</c>.</param>
/// <param name="WordNetId">WordNet synset of the class, which <c>class_label</c> accepts as well; absent if the classes are not ImageNet's.</param>
public sealed record ClassEntry(
    int Id, string Name, [property: JsonPropertyName("wordnet_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WordNetId);
