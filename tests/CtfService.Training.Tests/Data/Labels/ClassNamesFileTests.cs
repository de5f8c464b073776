using System.Text;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Data.Labels;
using CtfService.Training.Tests.Data.Formats;

namespace CtfService.Training.Tests.Data.Labels;

public sealed class ClassNamesFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("apple\r\npolar bear\r\n\r\n", "apple|polar bear", null)]
    [InlineData("\uFEFFapple\npear", "apple|pear", null)]
    [InlineData("n01440764 tench, Tinca tinca\nn02119789 kit fox, Vulpes macrotis", "tench|kit fox", "n01440764|n02119789")]
    [InlineData("n02119789 1 kit_fox\nn02100735 2 English_setter", "kit fox|English setter", "n02119789|n02100735")]
    [InlineData("n01440764\nn01443537", "n01440764|n01443537", null)]
    [InlineData("a folder\tApple\nother\tPear", "Apple|Pear", "a folder|other")]
    [InlineData("n02012849 crane\nn03126707 crane\nn01440764 tench", "crane (n02012849)|crane (n03126707)|tench", "n02012849|n03126707|n01440764")]
    [InlineData("""["apple", "pear"]""", "apple|pear", null)]
    [InlineData("""{"1": "pear", "0": "apple"}""", "apple|pear", null)]
    [InlineData("""{"apple": 0, "pear": 1}""", "apple|pear", null)]
    [InlineData("""{"0": ["n01440764", "tench"], "1": ["n01443537", "great_white_shark"]}""", "tench|great white shark", "n01440764|n01443537")]
    [InlineData("""{"n01443537": "goldfish", "n01440764": "tench"}""", "tench|goldfish", "n01440764|n01443537")]
    public void Read_Lists_ReturnsNamesAndKeys(string text, string names, string? keys)
    {
        var list = ClassNamesFile.Read(Write(text));

        Assert.Equal(names.Split('|'), list.Names);
        Assert.Equal(keys?.Split('|'), list.Keys);
    }

    [Theory]
    [InlineData("", "It has no lines.")]
    [InlineData("n01440764 tench\npear", "1 of its 2 lines have a key before the name; expected all or none.")]
    [InlineData("apple\npear\napple", "has 'apple' twice. Give each class its own name.")]
    [InlineData("""{"0": "apple", "2": "pear"}""", "Its ids are not 0 to 1.")]
    [InlineData("[1, 2]", "'1' is not the name of a class.")]
    [InlineData("{\"a\"", "does not list class names")]
    [InlineData("{}", "does not list class names")]
    public void Read_NoList_SaysWhatIsExpected(string text, string message)
    {
        var exception = Assert.Throws<DatasetException>(() => ClassNamesFile.Read(Write(text)));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.File("names"), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoText_IsRejected()
    {
        var path = StoredSets.WriteFile(_folder.File("names"), [0xff, 0xd8, 0xff, 0xe0]);

        Assert.Contains("It is not text in UTF-8.", Assert.Throws<DatasetException>(() => ClassNamesFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoFile_IsRejected() => Assert.Contains(
        "There is no file of class names at",
        Assert.Throws<DatasetException>(() => ClassNamesFile.Read(_folder.File("nowhere"))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Open_ClassFoldersWithKeys_TakesNamesAndIdsFromTheList()
    {
        Image("n01443537", 7);
        Image("n01440764", 8);
        var names = Write("n99999999 unused\nn01443537 goldfish\nn01440764 tench");

        var dataset = ImageDatasetReader.Open(_folder.File("set"), new DatasetRequest(4) { ClassNames = names });

        Assert.Equal(["goldfish", "tench"], dataset.ClassNames);
        Assert.Equal([8, 7], dataset.Images.Select(image => (int)image[0])); // the order of the files
        Assert.Equal([1, 0], dataset.ClassIds);
        Assert.Equal(dataset.ClassNames, ImageDatasetReader.Classes(_folder.File("set"), null, names));
    }

    [Fact]
    public void Open_FolderThatIsNotListed_IsNamed()
    {
        Image("n01443537", 7);
        Image("kiwi", 8);

        var exception = Assert.Throws<DatasetException>(() =>
            ImageDatasetReader.Open(_folder.File("set"), new DatasetRequest(4) { ClassNames = Write("n01443537 goldfish") }));

        Assert.Contains("has the class folder 'kiwi', which", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_OtherListOfNames_ChangesTheFingerprint()
    {
        foreach (var name in (string[])["a", "b"])
        {
            StoredSets.WriteFile(_folder.File($"set/train/{name}/0.png"), [1]);
        }

        string Of(string names) => DataFingerprint.Of(_folder.File("set"), "train", classNames: Write(names));

        Assert.NotEqual(Of("a\nb"), Of("b\na"));
        Assert.StartsWith("2 files of 2 classes, ", Of("a\nb"), StringComparison.Ordinal);
    }

    private string Write(string text) => StoredSets.WriteFile(_folder.File("names"), Encoding.UTF8.GetBytes(text));

    private void Image(string className, byte red) =>
        StoredSets.WriteFile(_folder.File($"set/{className}/0.png"), StoredSets.Png(TemporaryImages.Plain(4, 4, red, 0, 0)));
}
