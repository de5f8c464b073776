using CtfService.Api.Responses;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Responses;

public sealed class ResponseETagTests
{
    private static readonly Representation Png = new(IsJson: false, ImageFormat.Png);

    [Fact]
    public void Of_OtherModelOrArithmetic_IsAnotherETag()
    {
        ModelDescription[] models =
        [
            FakeModels.Fruits,
            FakeModels.Fruits with { BundleHash = new string('b', 64) },
            FakeModels.Fruits with { Device = "cuda" },
            FakeModels.Fruits with { Dtype = "int8" },
            FakeModels.Fruits with { Arithmetic = "x64, sums of 16 lanes" },
            FakeModels.Fruits with { Arithmetic = "arm64, sums of 16 lanes" },
            FakeModels.Fruits with { Arithmetic = "x64, sums of 16 lanes, fine pass: TorchSharp 0.107.0 on 2 threads with 512 bits" },
        ];

        Assert.Equal(models.Length, models.Select(model => ResponseETag.Of(Request(model), Png)).Distinct().Count());
    }

    [Fact]
    public void Of_SameRequest_IsTheSameETag()
    {
        Assert.Equal(ResponseETag.Of(Request(FakeModels.Fruits), Png), ResponseETag.Of(Request(FakeModels.Fruits), Png));
    }

    [Theory]
    [InlineData("cpu", false)]
    [InlineData("cuda", true)]
    public void Of_Image_IsStrongIfTheBytesAreReproducible(string device, bool isWeak)
    {
        Assert.Equal(isWeak, ResponseETag.Of(Request(FakeModels.Fruits with { Device = device }), Png).IsWeak);
    }

    [Fact]
    public void Of_OtherLayout_IsAnotherETag()
    {
        LayoutSource[] layouts =
        [
            LayoutSource.Drawn,
            new LayoutSource.Given([0, 1, 2, 3]),
            new LayoutSource.Given([0, 1, 2, 2]),
            new LayoutSource.Encoded(new RgbImage(1, 1, [1, 2, 3])),
            new LayoutSource.Encoded(new RgbImage(1, 1, [1, 2, 4])),
        ];

        Assert.Equal(layouts.Length, layouts.Select(layout => ResponseETag.Of(Request(FakeModels.Fruits, layout), Png)).Distinct().Count());
    }

    [Fact]
    public void Of_OtherDeadline_IsTheSameETag()
    {
        var patient = Request(FakeModels.Fruits);

        Assert.Equal(
            ResponseETag.Of(patient, Png),
            ResponseETag.Of(
                patient with { Submission = patient.Submission with { Deadline = new RequestDeadline(TimeSpan.FromSeconds(1), "timeout_ms") } }, Png));
    }

    private static ValidatedImageRequest Request(ModelDescription model, LayoutSource? layout = null) => new(
        model,
        model.Classes.Labels[0],
        5,
        new ImageSubmission(
            [new ImageSpecification(0, 5, model.DefaultCoarse, model.DefaultFine) { Layout = layout ?? LayoutSource.Drawn }],
            RequestDeadline.Of(new InferenceOptions())),
        AskedFormat: null,
        Quality: 90)
    {
        IsRepeatable = true,
        Include = new Inclusion(Layout: false, Tokens: false),
    };
}
