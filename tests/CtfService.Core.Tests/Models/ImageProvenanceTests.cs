using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.TestSupport;

namespace CtfService.Core.Tests.Models;

public sealed class ImageProvenanceTests
{
    private static readonly ImageSpecification Cherry = new(4, 9, new SamplingSettings(TopK: 7), new SamplingSettings(TopP: 0.5f));

    [Fact]
    public void Of_OneImage_NamesModelClassSeedAndBothStages()
    {
        var provenance = ImageProvenance.Of(FakeModels.Fruits with { Device = "cpu", Dtype = "int8" }, Cherry);

        Assert.Matches(@"^CtfService \d+\.\d+\.\d+$", provenance.Software);
        Assert.Equal(
            ("fruits-fake", FakeModels.Fruits.BundleHash, "cpu", "int8"),
            (provenance.Model, provenance.BundleHash, provenance.Device, provenance.Dtype));
        Assert.Equal((4, "Cherry", 9UL), (provenance.ClassId, provenance.ClassLabel, provenance.Seed));
        Assert.Equal((Cherry.Coarse, Cherry.Fine), (provenance.Coarse, provenance.Fine));
    }

    [Fact]
    public void Of_ModelWithoutFineStage_OmitsItsSettings()
    {
        Assert.Null(ImageProvenance.Of(FakeModels.Fruits with { HasFineStage = false }, Cherry).Fine);
    }

    [Fact]
    public void Of_LayoutOfTheCaller_IsMarkedAndNotReproducible()
    {
        var model = FakeModels.Fruits;
        var given = ImageProvenance.Of(model, Cherry with { Layout = new LayoutSource.Given([0, 1, 2, 3]) });
        var encoded = ImageProvenance.Of(model, Cherry with { ClassId = model.NullClass, Layout = new LayoutSource.Encoded(new RgbImage(1, 1, [1, 2, 3])) });

        Assert.Equal((LayoutOrigin.Given, null, 4), (given.Layout, given.Coarse, given.ClassId));
        Assert.Equal((LayoutOrigin.Encoded, null, null), (encoded.Layout, encoded.Coarse, encoded.ClassId));
        Assert.Equal((null, null), (given.Kept, encoded.Kept));
        Assert.All([given, encoded], provenance => Assert.Contains("its layout was not drawn by the model", Fault(provenance), StringComparison.Ordinal));
    }

    [Fact]
    public void Specifications_Preview_Throws()
    {
        Assert.Contains("it is a preview", Fault(ImageProvenance.Of(FakeModels.Fruits, Cherry) with { Preview = 0 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Specifications_OneImage_ReturnsItsSpecification()
    {
        Assert.Equal([Cherry], ImageProvenance.Of(FakeModels.Fruits, Cherry).Specifications(FakeModels.Fruits));
    }

    [Fact]
    public void Specifications_SheetOfOneClass_DeriveTheSeeds()
    {
        var sheet = ImageProvenance.Of(FakeModels.Fruits, Cherry).OnSheet(new SheetShape(3, 2));

        Assert.Equal(Enumerable.Range(0, 3).Select(i => Cherry with { Seed = ImageSeed.Derive(9, i) }), sheet.Specifications(FakeModels.Fruits));
    }

    [Fact]
    public void Specifications_SheetOfEveryClass_ListTheClassesInOrder()
    {
        var sheet = ImageProvenance.Of(FakeModels.Fruits, Cherry).OnSheet(new SheetShape(2, 2), everyClass: true);

        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], sheet.Specifications(FakeModels.Fruits).Select(image => image.ClassId));
    }

    [Theory]
    [InlineData(SamplingMethod.GumbelMax, "gumbel_max")]
    [InlineData(SamplingMethod.InverseCdf, "inverse_cdf")]
    public void Specifications_EveryMethod_IsNamedAndUsedAgain(SamplingMethod method, string name)
    {
        var provenance = ImageProvenance.Of(FakeModels.Fruits, Cherry with { Method = method });

        Assert.Equal(name, provenance.Sampler);
        Assert.Equal([Cherry with { Method = method }], provenance.Specifications(FakeModels.Fruits));
    }

    [Fact]
    public void Specifications_NoSampler_DrawAsVersion020Did()
    {
        var old = ImageProvenance.Of(FakeModels.Fruits, Cherry) with { Sampler = null };

        Assert.Equal([Cherry with { Method = SamplingMethod.InverseCdf }], old.Specifications(FakeModels.Fruits));
        Assert.All(
            (old.OnSheet(new SheetShape(2, 2)) with { ClassId = 1 }).Specifications(FakeModels.Fruits),
            image => Assert.Equal(SamplingMethod.InverseCdf, image.Method));
    }

    [Fact]
    public void Specifications_SamplerOfANewerVersion_IsRefusedByName()
    {
        var newer = ImageProvenance.Of(FakeModels.Fruits, Cherry) with { Software = "CtfService 9.1.0", Sampler = "quantum" };

        var error = Assert.Throws<InvalidDataException>(() => newer.Specifications(FakeModels.Fruits));

        Assert.Contains("the sampler 'quantum', which this version does not have (it has gumbel_max, inverse_cdf)", error.Message, StringComparison.Ordinal);
        Assert.Contains("CtfService 9.1.0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_NothingDrawn_NamesNoSampler() =>
        Assert.Null(ImageProvenance.Of(FakeModels.Fruits with { HasFineStage = false }, Cherry with { Layout = new LayoutSource.Given([0, 1, 2, 3]) }).Sampler);

    [Theory]
    [InlineData(5, "class 5; model 'fruits-fake' has the classes 0 to 4")]
    [InlineData(null, "it names no class")]
    public void Specifications_UnknownClass_NamesTheKnownOnes(int? id, string expected)
    {
        var tampered = ImageProvenance.Of(FakeModels.Fruits, Cherry) with { ClassId = id };

        Assert.Contains(expected, Fault(tampered), StringComparison.Ordinal);
    }

    private static string Fault(ImageProvenance provenance)
    {
        Assert.Equal(provenance.Layout == LayoutOrigin.Drawn && provenance.Preview is null, provenance.IsReproducible);
        return Assert.Throws<InvalidDataException>(() => provenance.Specifications(FakeModels.Fruits)).Message;
    }
}
