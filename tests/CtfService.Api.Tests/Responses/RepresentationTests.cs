using CtfService.Api.Contracts;
using CtfService.Api.Responses;
using CtfService.Core.Generation;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Tests.Responses;

public sealed class RepresentationTests
{
    [Theory]
    [InlineData(null, "json")]
    [InlineData("", "json")]
    [InlineData("*/*", "json")]
    [InlineData("application/json", "json")]
    [InlineData("application/*", "json")]
    [InlineData("application/json; charset=utf-8", "json")]
    [InlineData("image/png", "png")]
    [InlineData("IMAGE/PNG", "png")]
    [InlineData("image/jpeg", "jpeg")]
    [InlineData("image/webp", "webp")]
    [InlineData("image/*", "png")]
    [InlineData("image/*, */*", "png")] // the more specific range of equal quality
    [InlineData("image/avif, image/webp, image/*, */*;q=0.8", "webp")] // the header of a browser
    [InlineData("image/webp, image/png", "webp")] // the first of equals
    [InlineData("image/png;q=0.5, image/webp;q=0.6", "webp")]
    [InlineData("application/json;q=0.9, image/png;q=0.8", "json")]
    [InlineData("image/*, image/png;q=0", "jpeg")]
    [InlineData("*/*, application/json;q=0.1", "png")]
    [InlineData("text/html, image/jpeg", "jpeg")]
    [InlineData("text/html", null)]
    [InlineData("image/png;q=0", null)]
    [InlineData("application/json;q=0, image/gif", null)]
    public void Choose_AcceptHeader_TakesTheMostPreferred(string? accept, string? expected)
    {
        var chosen = Representation.Choose(new StringValues(accept), asked: null);

        Assert.Equal(expected, chosen is null ? null : chosen.IsJson ? "json" : ImageFormats.Name(chosen.Format));
    }

    [Theory]
    [InlineData(null, "webp")]
    [InlineData("*/*", "webp")]
    [InlineData("image/*, image/webp;q=0", "png")]
    [InlineData("image/jpeg", "jpeg")]
    [InlineData("application/json", null)]
    [InlineData("no type", null)]
    public void ChooseFile_AcceptHeader_TakesTheMostPreferred(string? accept, string? expected)
    {
        var chosen = Representation.ChooseFile(new StringValues(accept));

        Assert.NotEqual(true, chosen?.IsJson);
        Assert.Equal(expected, chosen is null ? null : ImageFormats.Name(chosen.Format));
    }

    [Fact]
    public void Choose_SeveralHeaders_CombinesThem()
    {
        var chosen = Representation.Choose(new StringValues(["application/json;q=0.5", "image/webp"]), asked: null);

        Assert.Equal(new Representation(IsJson: false, ImageFormat.Webp), chosen);
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("image/*", false)]
    public void Choose_FormatRequested_KeepsIt(string accept, bool isJson)
    {
        Assert.Equal(new Representation(isJson, ImageFormat.Webp), Representation.Choose(accept, ImageFormat.Webp));
    }

    [Fact]
    public void Choose_FormatRequestedAndAnotherAccepted_FindsNone()
    {
        Assert.Null(Representation.Choose("image/png", ImageFormat.Webp));
    }
}
