using CtfService.Core.Classes;

namespace CtfService.Core.Tests.Classes;

/// <summary>Sentences as people write them: plurals, compounds, spellings, and names that contain other names.</summary>
public sealed class ClassPhrasesTests
{
    private readonly ClassCatalog _catalog = new(
    [
        "banana", "cherry", "peach", "potato", "dragon fruit", "starfruit", "tiger", "tiger_shark", "great_white_shark", "crane_n02012849", "crane_n03126707",
        "leaf", "knife", "cap", "house", "strawberry", "raspberry", "mouse", "sunglasses", "wolf", "cookie", "carrot", "carnot",
    ]);

    [Theory]
    [InlineData("bananas", "banana")]
    [InlineData("two ripe bananas", "banana")]
    [InlineData("a bowl of cherries", "cherry")]
    [InlineData("peaches", "peach")]
    [InlineData("potatoes", "potato")]
    [InlineData("dragonfruit", "dragon fruit")]
    [InlineData("Dragonfruits!", "dragon fruit")]
    [InlineData("dragon fruits", "dragon fruit")]
    [InlineData("star fruit", "starfruit")]
    [InlineData("a star-fruit", "starfruit")]
    [InlineData("a photo of a tiger shark", "tiger_shark")]
    [InlineData("tigers", "tiger")]
    [InlineData("great white sharks", "great_white_shark")]
    [InlineData("leaves", "leaf")]
    [InlineData("knives", "knife")]
    [InlineData("wolves", "wolf")]
    [InlineData("cookies", "cookie")]
    [InlineData("three mice", "mouse")]
    [InlineData("caps", "cap")]
    [InlineData("sunglasses", "sunglasses")]
    [InlineData("crane_n03126707", "crane_n03126707")]
    public void FindIn_NameAsPeopleWriteIt_FindsItsClass(string sentence, string expected)
    {
        IReadOnlyList<ClassLabel> found = _catalog.Find(sentence) is { } exact ? [exact] : _catalog.FindIn(sentence);

        Assert.Equal([expected], found.Select(label => label.Name));
    }

    [Theory]
    [InlineData("a photo of a shark")]
    [InlineData("capes")]
    [InlineData("a horse")]
    [InlineData("")]
    [InlineData(" ,.! ")]
    public void FindIn_NoClassIsNamed_FindsNone(string sentence)
    {
        Assert.Empty(_catalog.FindIn(sentence));
        Assert.Empty(_catalog.FindMisspelt(sentence));
    }

    [Fact]
    public void FindIn_OneNameOfTwoClasses_FindsBoth() =>
        Assert.Equal(["crane_n02012849", "crane_n03126707"], _catalog.FindIn("a photo of a crane").Select(label => label.Name));

    [Theory]
    [InlineData("a bananna", "banana")]
    [InlineData("strawbery", "strawberry")]
    [InlineData("rasberries", "raspberry")]
    [InlineData("dragn friut", "dragon fruit")]
    public void FindMisspelt_OneOrTwoWrongLetters_FindsTheClosest(string sentence, string expected)
    {
        Assert.Empty(_catalog.FindIn(sentence));
        Assert.Equal([expected], _catalog.FindMisspelt(sentence).Select(label => label.Name));
    }

    [Fact]
    public void FindMisspelt_TwoClassesAreEquallyClose_FindsBoth() =>
        Assert.Equal(["carrot", "carnot"], _catalog.FindMisspelt("a photo of a carot").Select(label => label.Name));
}
