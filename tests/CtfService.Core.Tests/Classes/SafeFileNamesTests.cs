using System.Text;
using CtfService.Core.Classes;

namespace CtfService.Core.Tests.Classes;

public sealed class SafeFileNamesTests
{
    [Theory]
    [InlineData("apple", "apple")]
    [InlineData("red apple", "red apple")]
    [InlineData("crème brûlée", "crème brûlée")]
    [InlineData("犬", "犬")]
    [InlineData("/a/airfield", "_a_airfield")]
    [InlineData("../../outside", "_._.._outside")]
    [InlineData("..", "_")]
    [InlineData(".", "_")]
    [InlineData("", "_")]
    [InlineData(" ", "_")]
    [InlineData(".hidden", "_hidden")]
    [InlineData("AC/DC", "AC_DC")]
    [InlineData(@"C:\Windows", "C__Windows")]
    [InlineData("a\u0000b\nc", "a_b_c")]
    [InlineData("what?*", "what__")]
    [InlineData("dots...", "dots")]
    [InlineData("nul", "_nul")]
    [InlineData("COM1.txt", "_COM1.txt")]
    [InlineData("common", "common")]
    public void Of_Name_IsOneSafePathComponent(string name, string expected) => Assert.Equal(expected, SafeFileNames.Of(name));

    [Fact]
    public void Of_HalfOfASurrogatePair_IsReplaced() => Assert.Equal("lone _ half", SafeFileNames.Of("lone \ud800 half"));

    [Fact]
    public void Of_LongName_IsCutBetweenCharacters()
    {
        var name = SafeFileNames.Of(string.Concat(Enumerable.Repeat("犬", 300)));

        Assert.Equal(66, name.Length); // 3 bytes each
        Assert.True(Encoding.UTF8.GetByteCount(name) <= 200);
    }

    [Fact]
    public void OfAll_NamesWithOneSafeForm_StayDistinct()
    {
        Assert.Equal(["a_b-0", "a_b", "A_B-2", "_", "_-4"], SafeFileNames.OfAll(["a/b", "a_b", "A:B", "..", "."]));
    }

    [Fact]
    public void OfAll_SuffixAlreadyInUse_StaysDistinct() =>
        Assert.Equal(3, SafeFileNames.OfAll(["a/b", "a_b", "a_b-0"]).Distinct(StringComparer.OrdinalIgnoreCase).Count());

    [Fact]
    public void FileNames_Catalog_AreInOrderOfItsIds() =>
        Assert.Equal(["_a_airfield", "apple"], new ClassCatalog(["/a/airfield", "apple"]).FileNames);
}
