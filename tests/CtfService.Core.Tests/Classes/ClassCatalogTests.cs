using CtfService.Core.Classes;

namespace CtfService.Core.Tests.Classes;

public sealed class ClassCatalogTests
{
    private readonly ClassCatalog _catalog = new(["apple", "Banana", "red apple", "pineapple", "tench, Tinca tinca"]);

    [Theory]
    [InlineData("apple", 0)]
    [InlineData("BANANA", 1)]
    [InlineData(" red-apple ", 2)]
    [InlineData("Red_Apple", 2)]
    [InlineData("4", 4)]
    [InlineData("tench, tinca tinca", 4)]
    public void Find_NameOrDigits_IgnoresCaseAndSeparators(string nameOrId, int expected)
    {
        Assert.Equal(expected, _catalog.Find(nameOrId)!.Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("pear")]
    [InlineData("5")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.0")]
    public void Find_UnknownName_ReturnsNull(string nameOrId)
    {
        Assert.Null(_catalog.Find(nameOrId));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    public void Find_IndexOutside_ReturnsNull(int id)
    {
        Assert.Null(_catalog.Find(id));
    }

    [Fact]
    public void Find_NameMadeOfDigits_WinsOverTheIndex()
    {
        var digits = new ClassCatalog(["one", "0"]);

        Assert.Equal(1, digits.Find("0")!.Id);
    }

    [Theory]
    [InlineData("aple", "apple")]
    [InlineData("bananna", "Banana")]
    [InlineData("pine", "pineapple")]
    public void Suggest_Misspelt_PutsTheClosestFirst(string misspelt, string expected)
    {
        Assert.Equal(expected, _catalog.Suggest(misspelt)[0]);
    }

    [Fact]
    public void Suggest_TextMuchLongerThanAName_OnlySearchesItForNames()
    {
        var catalog = new ClassCatalog([.. Enumerable.Range(0, 1_000).Select(id => $"{new string('a', 60)}{id:000}")]);

        Assert.Empty(catalog.Suggest(new string('a', 62) + "bcd"));
        Assert.Equal([catalog.Labels[7].Name], catalog.Suggest($"a picture of {catalog.Labels[7].Name}, please"));
    }

    [Fact]
    public void Suggest_NothingIsClose_ReturnsNone()
    {
        Assert.Empty(_catalog.Suggest("xylophone quartz"));
    }

    [Theory]
    [InlineData("", new[] { 0, 1, 2, 3, 4 })]
    [InlineData("APPLE", new[] { 0, 2, 3 })]
    [InlineData("d a", new[] { 2 })]
    [InlineData("pear", new int[0])]
    public void Search_Text_FindsNamesThatContainIt(string text, int[] expected)
    {
        Assert.Equal(expected, _catalog.Search(text).Select(label => label.Id));
    }

    [Theory]
    [InlineData("a photo of an apple.", new[] { 0 })]
    [InlineData("BANANA!", new[] { 1 })]
    [InlineData("one red-apple, please", new[] { 2 })]
    [InlineData("a red apple beside an apple", new[] { 0, 2 })]
    [InlineData("a pineapple", new[] { 3 })]
    [InlineData("a tench (Tinca tinca) in a pond", new[] { 4 })]
    [InlineData("two ripe apples", new[] { 0 })]
    [InlineData("pine apples", new[] { 3 })]
    [InlineData("redapple", new[] { 2 })]
    [InlineData("a tench", new[] { 4 })]
    [InlineData("Tinca tinca", new[] { 4 })]
    [InlineData("applesauce", new int[0])]
    [InlineData("", new int[0])]
    public void FindIn_Sentence_FindsWholeWordsAndPrefersLongerNames(string sentence, int[] expected)
    {
        Assert.Equal(expected, _catalog.FindIn(sentence).Select(label => label.Id));
    }

    [Fact]
    public void Construct_NamesEqualAfterFolding_Throws()
    {
        var error = Assert.Throws<ArgumentException>(() => new ClassCatalog(["Red Apple", "red_apple"]));

        Assert.Contains("'red_apple'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Construct_NoNames_Throws()
    {
        Assert.Throws<ArgumentException>(() => new ClassCatalog([]));
    }
}
