using System.Security.Cryptography;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.TestSupport;

namespace CtfService.Core.Tests.Models;

/// <summary>Provenance of edits and of kept details, with a model of 8x8 pixels and 2x2 positions.</summary>
public sealed class KeptPartsTests
{
    private static readonly ModelDescription Model = FakeModels.Fruits;
    private static readonly RgbImage Photo = Picture(1);
    private static readonly EditMask Corner = Mask(static (x, y) => x >= 6 && y >= 6);

    private static readonly ImageSpecification Edit =
        new(4, 9, new SamplingSettings(TopK: 7), new SamplingSettings(TopP: 0.5f)) { Layout = new LayoutSource.Edited(Photo, Corner) };

    [Fact]
    public void Of_Edit_HasTheHashTheKeptPositionsTheMaskAndBothStages()
    {
        var provenance = ImageProvenance.Of(Model, Edit);

        Assert.Equal((LayoutOrigin.Edited, true, true), (provenance.Layout, provenance.IsEdit, provenance.IsReproducible));
        Assert.Equal((Edit.Coarse, Edit.Fine), (provenance.Coarse, provenance.Fine));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Photo.Pixels)), provenance.Kept!.Picture);
        Assert.Equal(3, provenance.Kept.Positions);
        Assert.Equal([54, 2, 6, 2], provenance.Kept.Mask!);
    }

    [Fact]
    public void Of_FullMask_KeepsNothing()
    {
        var kept = ImageProvenance.Of(Model, Edit with { Layout = new LayoutSource.Edited(Photo, Mask(static (_, _) => true)) }).Kept!;

        Assert.Equal(0, kept.Positions);
        Assert.Equal([0, 64], kept.Mask!);
    }

    [Fact]
    public void Of_KeptDetails_NamesTheirPositions()
    {
        var layout = new LayoutSource.Given([0, 1, 2, 3]) { KeptTokens = [LayoutSource.NewToken, 5, 6, LayoutSource.NewToken] };

        var provenance = ImageProvenance.Of(Model, Edit with { Layout = layout });

        Assert.Equal(new KeptParts { Positions = 2, Mask = [0, 1, 2, 1] }, provenance.Kept);
        Assert.Equal((LayoutOrigin.Given, null, false), (provenance.Layout, provenance.Coarse, provenance.IsReproducible));
    }

    [Fact]
    public void Specifications_WithTheOriginal_ReturnsTheEdit()
    {
        var again = Assert.Single(ImageProvenance.Of(Model, Edit).Specifications(Model, Picture(1)));

        var layout = Assert.IsType<LayoutSource.Edited>(again.Layout);
        Assert.Equal(Edit with { Layout = LayoutSource.Drawn }, again with { Layout = LayoutSource.Drawn });
        Assert.Equal(Photo.Pixels, layout.Picture.Pixels);
        Assert.Equal(Corner.Edited, layout.Mask.Edited);
    }

    [Fact]
    public void Specifications_SheetOfEdits_HaveTheLayoutAndDerivedSeeds()
    {
        var sheet = ImageProvenance.Of(Model, Edit).OnSheet(new SheetShape(3, 2));

        var again = sheet.Specifications(Model, Photo);

        Assert.Equal(Enumerable.Range(0, 3).Select(i => ImageSeed.Derive(9, i)), again.Select(image => image.Seed));
        Assert.Single(again.Select(image => image.Layout).Distinct(ReferenceEqualityComparer.Instance)); // one VQ encode serves all
    }

    [Fact]
    public void Specifications_EveryWrongOriginal_SaysWhatIsWrong()
    {
        var provenance = ImageProvenance.Of(Model, Edit);

        Assert.Equal("it is an edit of a picture that is not in the file; it can be reproduced only with the original.", Fault(provenance, null));
        Assert.Contains($"the original has the hash {KeptParts.HashOf(Picture(2))}", Fault(provenance, Picture(2)), StringComparison.Ordinal);
        Assert.Contains("the original has 1x1 pixels, expected 8x8", Fault(provenance, new RgbImage(1, 1, [1, 2, 3])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "its mask is not in the file")]
    [InlineData(new[] { 54, 2, 6 }, "its mask has 62 pixels, but the original has 8x8")]
    [InlineData(new[] { 64 }, "its mask edits no pixel")]
    public void Specifications_MaskThatCannotBeUsed_SaysWhy(int[]? runs, string expected)
    {
        var provenance = ImageProvenance.Of(Model, Edit);
        provenance = provenance with { Kept = provenance.Kept! with { Mask = runs } };

        Assert.Equal(runs is not null, provenance.IsReproducible);
        Assert.Contains(expected, Fault(provenance, Photo), StringComparison.Ordinal);
    }

    [Fact]
    public void Specifications_EditWithCandidates_HaveThem()
    {
        var edited = (LayoutSource.Edited)Edit.Layout;
        var provenance = ImageProvenance.Of(Model, Edit with { Layout = edited with { Candidates = 4 } });

        Assert.Equal(4, provenance.Kept!.Candidates);
        Assert.Equal(4, ((LayoutSource.Edited)Assert.Single(provenance.Specifications(Model, Photo)).Layout).Candidates);
        Assert.Null(ImageProvenance.Of(Model, Edit).Kept!.Candidates);
        Assert.Equal("kept.candidates is 17, expected 1 to 16", Assert.Single((provenance.Kept with { Candidates = 17 }).Problems("kept")));
    }

    [Fact]
    public void Of_MaskOfTooManySpots_IsOmitted()
    {
        var model = Model with { ImageWidth = 512, ImageHeight = 512 };
        EditMask Every(int columns) => new(512, 512, [.. Enumerable.Range(0, 512 * 512).Select(pixel => pixel % columns == 0)]);
        KeptParts? Kept(EditMask mask) => KeptParts.Of(model, new LayoutSource.Edited(new RgbImage(512, 512, new byte[512 * 512 * 3]), mask));

        Assert.Null(Kept(Every(4))!.Mask);
        Assert.Equal(Every(400).ToRuns(), Kept(Every(400))!.Mask);
        Assert.Equal(0, Kept(Every(4))!.Positions);
    }

    [Fact]
    public void Equals_ComparesTheRuns()
    {
        var kept = new KeptParts { Positions = 2, Mask = [1, 2] };

        Assert.Equal(kept, new KeptParts { Positions = 2, Mask = new List<int> { 1, 2 } });
        Assert.Equal(kept.GetHashCode(), new KeptParts { Positions = 2, Mask = [1, 2] }.GetHashCode());
        Assert.NotEqual(kept, kept with { Mask = [1, 3] });
        Assert.NotEqual(kept, kept with { Mask = null });
        Assert.NotEqual(kept, kept with { Picture = "a" });
    }

    private static string Fault(ImageProvenance provenance, RgbImage? original) =>
        Assert.Throws<InvalidDataException>(() => provenance.Specifications(Model, original)).Message;

    private static RgbImage Picture(int seed)
    {
        var pixels = new byte[8 * 8 * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(8, 8, pixels);
    }

    private static EditMask Mask(Func<int, int, bool> isEdited) => new(8, 8, [.. Enumerable.Range(0, 64).Select(pixel => isEdited(pixel % 8, pixel / 8))]);
}
