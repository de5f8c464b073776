using CtfService.Api.Contracts;
using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Api.Validation;

/// <summary>A request that has been checked against a model: every value is present and in range.</summary>
/// <param name="Model">The model that it was checked against and runs on.</param>
/// <param name="Class">The class to draw; null for a variation without one.</param>
/// <param name="Seed">Seed of the request, from which each image's own seed is derived.</param>
/// <param name="Submission">The images, deadline and previews, ready for the queue.</param>
/// <param name="AskedFormat">The requested file format; null leaves the choice to the Accept header.</param>
/// <param name="Quality">Quality of JPEG and WebP, 0..100.</param>
internal sealed record ValidatedImageRequest(
    ModelDescription Model,
    ClassLabel? Class,
    ulong Seed,
    ImageSubmission Submission,
    ImageFormat? AskedFormat,
    int Quality)
{
    /// <summary>Whether the caller chose the seed, so that the same request gets the same images again.</summary>
    public required bool IsRepeatable { get; init; }

    /// <summary>One specification per image, in order.</summary>
    public IReadOnlyList<ImageSpecification> Images => Submission.Images;

    /// <summary>Size of the pixels of all images and previews of the response, bytes.</summary>
    public long PictureBytes => 3L * Model.ImageWidth * Model.ImageHeight * Images.Count * (1 + Submission.Previews);

    /// <summary>What to return in addition to the images.</summary>
    public required Inclusion Include { get; init; }

    /// <summary>Whether JSON also carries each image as a data URL.</summary>
    public bool HasLinks { get; init; }

    /// <summary>Fields that had no effect or were interpreted.</summary>
    public IReadOnlyList<RequestWarning> Warnings { get; init; } = [];

    /// <summary>Whether the response is an image file, whose format the Accept header chooses; JSON is not possible.</summary>
    public bool IsFile { get; init; }

    /// <summary>Whether the response is a stream of events.</summary>
    public bool IsStream { get; init; }

    /// <summary>Names of the events of a stream.</summary>
    public ImageEventNames EventNames => Images[0].Layout is LayoutSource.Edited ? ImageEventNames.Edit : ImageEventNames.Generation;

    /// <summary>Returns the request with this source of every image's coarse labels.</summary>
    public ValidatedImageRequest WithLayout(LayoutSource layout) =>
        this with { Submission = Submission with { Images = [.. Images.Select(image => image with { Layout = layout })] } };
}

/// <summary>What a response contains in addition to each image.</summary>
internal sealed record Inclusion(bool Layout, bool Tokens)
{
    private const string Field = "include";

    public bool IsNothing => !Layout && !Tokens;

    public static Inclusion Choose(IReadOnlyList<string>? asked, RequestProblems problems)
    {
        foreach (var unknown in (asked ?? []).Where(name => name is not ("layout" or "tokens")).Distinct())
        {
            problems.Add(Field, "unsupported_value", $"{Field} names '{unknown}'; expected 'layout', 'tokens' or both.");
        }

        return new Inclusion(asked?.Contains("layout") == true, asked?.Contains("tokens") == true);
    }
}
