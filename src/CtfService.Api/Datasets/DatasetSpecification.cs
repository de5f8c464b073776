using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Plans;

namespace CtfService.Api.Datasets;

/// <summary>What a data set job is to make, as the row of the job keeps it: enough to go on in another process, and to finish without the model.</summary>
/// <param name="Software">Name and version of the program that accepted the job; another version may draw other bytes.</param>
/// <param name="Metadata">Notes of the caller; null if there are none.</param>
internal sealed record DatasetSpecification(
    [property: JsonConverter(typeof(PlanConverter))] DatasetPlan Plan, StoredModel Model, string Software, IReadOnlyDictionary<string, string>? Metadata)
{
    /// <summary>The kind of the jobs.</summary>
    public const string Kind = "dataset";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>What the images must be made with.</summary>
    [JsonIgnore]
    public DatasetOrigin Origin => new(Software, Model.Name, Model.BundleHash, Model.Device, Model.Dtype, Model.Arithmetic);

    [JsonIgnore]
    public int ShardCount => (int)((Plan.Total - 1) / Plan.ShardSize) + 1;

    public static DatasetSpecification Of(DatasetPlan plan, ModelDescription model, IReadOnlyDictionary<string, string>? metadata) =>
        new(plan, StoredModel.Of(model), ImageProvenance.ThisSoftware, metadata);

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="JsonException">The text is not the JSON of a specification.</exception>
    public static DatasetSpecification Parse(string json) =>
        JsonSerializer.Deserialize<DatasetSpecification>(json, Json) ?? throw new JsonException("The specification is null.");

    /// <summary>Returns the plan image by image. Takes time that grows with the number of images.</summary>
    public Dataset ToDataset() => new(Plan, Model.ToDescription());
}

/// <summary>A <see cref="ModelDescription"/> as a job keeps it.</summary>
internal sealed record StoredModel(
    string Name,
    IReadOnlyList<string> Classes,
    IReadOnlyList<string>? WordNetIds,
    int ImageWidth,
    int ImageHeight,
    int TokenCount,
    int CodebookSize,
    int ClusterCount,
    bool HasFineStage,
    SamplingSettings DefaultCoarse,
    SamplingSettings DefaultFine,
    string BundleHash,
    string? Device,
    string? Dtype,
    string? Arithmetic)
{
    public static StoredModel Of(ModelDescription model) => new(
        model.Name,
        [.. model.Classes.Labels.Select(label => label.Name)],
        model.Classes.Labels.All(label => label.WordNetId is not null) ? [.. model.Classes.Labels.Select(label => label.WordNetId!)] : null,
        model.ImageWidth,
        model.ImageHeight,
        model.TokenCount,
        model.CodebookSize,
        model.ClusterCount,
        model.HasFineStage,
        model.DefaultCoarse,
        model.DefaultFine,
        model.BundleHash,
        model.Device,
        model.Dtype,
        model.Arithmetic);

    public ModelDescription ToDescription() => new()
    {
        Name = Name,
        Classes = new ClassCatalog(Classes, WordNetIds),
        ImageWidth = ImageWidth,
        ImageHeight = ImageHeight,
        TokenCount = TokenCount,
        CodebookSize = CodebookSize,
        ClusterCount = ClusterCount,
        HasFineStage = HasFineStage,
        DefaultCoarse = DefaultCoarse,
        DefaultFine = DefaultFine,
        BundleHash = BundleHash,
        Device = Device,
        Dtype = Dtype,
        Arithmetic = Arithmetic,
    };
}

/// <summary>Leaves the JSON of a plan to the project that defines it.</summary>
internal sealed class PlanConverter : JsonConverter<DatasetPlan>
{
    public override DatasetPlan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DatasetJson.ParsePlan(JsonElement.ParseValue(ref reader).GetRawText());

    public override void Write(Utf8JsonWriter writer, DatasetPlan value, JsonSerializerOptions options) =>
        writer.WriteRawValue(DatasetJson.Serialize(value));
}
