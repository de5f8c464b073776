using CtfService.Api.Contracts;

namespace CtfService.Api.Bodies;

/// <summary>The forms of image requests.</summary>
internal static class ImageForms
{
    private const string Include = "include";

    private const string Picture = "image";

    private const string Mask = "mask";

    /// <summary>The form of a variation.</summary>
    public static UploadForm<VaryImageRequest> Variation { get; } = new([Picture], [Include], fields => WithCommon(fields, new VaryImageRequest
    {
        Image = fields.RequiredFile(Picture),
        ClassLabel = fields.Text("class_label"),
        FineTemperature = fields.Number("fine_temperature"),
        FineTopK = fields.Integer("fine_top_k"),
        FineTopP = fields.Number("fine_top_p"),
        FineGuidanceScale = fields.Number("fine_guidance_scale"),
    }));

    /// <summary>The form of an edit. OpenAI's newer clients name the picture as a list.</summary>
    public static UploadForm<EditImageRequest> Edit { get; } = new([Picture, Mask], [Picture, Include], fields => WithCommon(fields, new EditImageRequest
    {
        Image = fields.RequiredFile(Picture),
        Mask = fields.OptionalFile(Mask),
        ClassLabel = fields.Text("class_label"),
        Prompt = fields.Text("prompt"),
        Temperature = fields.Number("temperature"),
        TopK = fields.Integer("top_k"),
        TopP = fields.Number("top_p"),
        GuidanceScale = fields.Number("guidance_scale"),
        FineTemperature = fields.Number("fine_temperature"),
        FineTopK = fields.Integer("fine_top_k"),
        FineTopP = fields.Number("fine_top_p"),
        FineGuidanceScale = fields.Number("fine_guidance_scale"),
        Candidates = fields.Integer("candidates"),
        Stream = fields.Boolean("stream"),
        PartialImages = fields.Integer("partial_images"),
        Quality = fields.Text("quality"),
        Background = fields.Text("background"),
        Moderation = fields.Text("moderation"),
        InputFidelity = fields.Text("input_fidelity"),
    }));

    private static TRequest WithCommon<TRequest>(FormFields fields, TRequest request)
        where TRequest : ImageRequest => request with
        {
            N = fields.Integer("n"),
            Seed = fields.Unsigned("seed"),
            Model = fields.Text("model"),
            OutputFormat = fields.Text("output_format"),
            OutputCompression = fields.Integer("output_compression"),
            ResponseFormat = fields.Text("response_format"),
            Include = fields.List(Include),
            TimeoutMs = fields.Integer("timeout_ms"),
            Priority = fields.Text("priority"),
            Size = fields.Text("size"),
            User = fields.Text("user"),
        };
}
