using System.Text;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Formats;

/// <summary>Where classes come from: ids, names, lists of names; images without labels.</summary>
public sealed class LabelTests : IDisposable
{
    private static readonly byte[] Png = StoredSets.Png(TemporaryImages.Plain(4, 4, 1, 2, 3));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""["pear", "apple"]""")]
    [InlineData("""{"0": "pear", "1": "apple"}""")]
    [InlineData("""{"apple": 1, "pear": 0}""")]
    [InlineData("""{"format": "webdataset", "classes": [{"id": 0, "name": "pear"}, {"id": 1, "name": "apple"}]}""")]
    [InlineData("""{"class_names": ["pear", "apple"]}""")]
    public void Open_ListOfClassNames_DefinesTheIds(string json)
    {
        StoredSets.WriteFile(_folder.File("set/classes.json"), Encoding.UTF8.GetBytes(json));

        var dataset = Open(("0.png", Png), ("0.cls", "1"u8.ToArray()), ("1.png", Png), ("1.cls", "0\n"u8.ToArray()));

        Assert.Equal(["pear", "apple"], dataset.ClassNames);
        Assert.Equal([1, 0], dataset.ClassIds);
    }

    [Theory]
    [InlineData("[1, 2]")]
    [InlineData("{broken")]
    [InlineData("3")]
    [InlineData("""{"0": "pear", "2": "apple"}""")]
    [InlineData("""["pear", "pear"]""")]
    [InlineData("""["\ud800", "pear"]""")]
    public void Open_ListOfClassNamesThatIsNone_IsRejected(string json)
    {
        StoredSets.WriteFile(_folder.File("set/classes.json"), Encoding.UTF8.GetBytes(json));

        Assert.Throws<DatasetException>(() => Open(("0.png", Png), ("0.cls", "1"u8.ToArray()), ("1.png", Png), ("1.cls", "0"u8.ToArray())));
    }

    [Theory]
    [InlineData("7")]
    [InlineData("-3")]
    [InlineData("9223372036854775807")]
    public void Open_ClassIdThatIsNotInTheList_IsRejectedWithTheRange(string id)
    {
        StoredSets.WriteFile(_folder.File("set/classes.json"), """["pear", "apple"]"""u8.ToArray());

        var exception = Assert.Throws<DatasetException>(() => Open(("0.png", Png), ("0.cls", Encoding.UTF8.GetBytes(id))));

        Assert.Contains($"an image with the class id {id}; expected 0 to 1, the ids of pear, apple.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NamesOnly_AreClassesInOrdinalOrder()
    {
        var dataset = Open(("0.png", Png), ("0.cls", "pear"u8.ToArray()), ("1.png", Png), ("1.json", """{"label": "apple"}"""u8.ToArray()));

        Assert.Equal(["apple", "pear"], dataset.ClassNames);
        Assert.Equal([1, 0], dataset.ClassIds);
    }

    [Fact]
    public void Open_IdsOnly_AreTheirOwnNamesInNumericalOrder()
    {
        var dataset = Open(("0.png", Png), ("0.cls", "10"u8.ToArray()), ("1.png", Png), ("1.cls", "9"u8.ToArray()));

        Assert.Equal(["9", "10"], dataset.ClassNames);
    }

    [Fact]
    public void Open_IdsOnlyWithNamesOfAnotherSet_HaveThoseNames()
    {
        StoredSets.Tar(_folder.File("set/0.tar"), [("0.png", Png), ("0.cls", "1"u8.ToArray()), ("1.png", Png), ("1.cls", "0"u8.ToArray())]);

        var dataset = ImageDatasetReader.Open(_folder.File("set"), new DatasetRequest(4) { NamesOfIds = ["pear", "apple"] });

        Assert.Equal(["pear", "apple"], dataset.ClassNames);
        Assert.Equal([1, 0], dataset.ClassIds);
    }

    [Fact]
    public void Open_IdWithTwoNames_IsRejected()
    {
        var exception = Assert.Throws<DatasetException>(() => Open(
            ("0.png", Png), ("0.json", """{"class_id": 1, "class_label": "pear"}"""u8.ToArray()),
            ("1.png", Png), ("1.json", """{"class_id": 1, "class_label": "apple"}"""u8.ToArray())));

        Assert.Contains("class id 1 and the names 'pear' and 'apple'", exception.Message.Replace("'apple' and 'pear'", "'pear' and 'apple'"));
    }

    [Fact]
    public void Open_SomeImagesWithoutALabel_AreSkippedAndCounted()
    {
        var dataset = Open(("0.png", Png), ("0.cls", "pear"u8.ToArray()), ("1.png", Png), ("2.png", Png), ("2.cls", "-1"u8.ToArray()));

        Assert.Single(dataset.Images);
        Assert.Equal("0.tar/1.png, 0.tar/2.png: without a label, which other images have", Assert.Single(dataset.Skipped).ToString());
    }

    [Fact]
    public void Open_NoImageWithALabel_IsRejectedUnlessAccepted()
    {
        var path = StoredSets.Tar(_folder.File("set/0.tar"), [("0.png", Png), ("1.png", Png)]);

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(path, 4));
        var dataset = ImageDatasetReader.Open(path, new DatasetRequest(4) { AcceptUnlabelled = true });

        Assert.Contains("have no labels, which are needed here. Add the class of each image", exception.Message, StringComparison.Ordinal);
        Assert.Equal((2, false), (dataset.Count, dataset.IsLabelled));
    }

    private ImageDataset Open(params (string Name, byte[] Content)[] members)
    {
        StoredSets.Tar(_folder.File("set/0.tar"), members);
        return ImageDatasetReader.Open(_folder.File("set"), 4);
    }
}
