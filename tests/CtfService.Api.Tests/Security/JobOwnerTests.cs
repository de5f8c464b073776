using System.Security.Claims;
using CtfService.Api.Security;
using Microsoft.AspNetCore.Http;

namespace CtfService.Api.Tests.Security;

public sealed class JobOwnerTests
{
    private static readonly SecurityOptions Security = new() { ApiKeys = [new ApiKeyOptions { Name = "ann", Weight = 3 }, new ApiKeyOptions { Name = "bob" }] };

    [Theory]
    [InlineData("ann", 3)]
    [InlineData("bob", 1)]
    public void Of_ACallerWithAKey_IsTheKeyWithItsWeight(string name, int weight)
    {
        var http = new DefaultHttpContext { User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], "ApiKey")) };

        Assert.Equal(new JobOwner(name, weight), JobOwner.Of(http, Security));
    }

    [Fact]
    public void Of_ACallerWithoutAKey_IsTheOwnerWithoutAName()
    {
        Assert.Equal(new JobOwner("", 1), JobOwner.Of(new DefaultHttpContext(), Security));
    }
}
